import { InputError, OperationError } from '../../errors.ts';
import { luksVersion } from '../../keys/unlock.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { Manifest, Payload, VolumeImagePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import { downloadImage } from '../../openstack/image/v2/download.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import { readPayload } from '../../openstack/keymanager/v1/secrets.ts';
import { openKey } from '../../payload/open-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { ImageKey } from '../image/create.ts';
import { headOfPayload, headOfStream, type OpenedKey } from '../image/header.ts';
import { keptImage } from '../image/kept-image.ts';
import { INSPECTED, unsafe } from '../image/unsafe.ts';
import { storeFor } from '../store-for.ts';
import type { LuksVersion } from './encryption-fit.ts';

/** The image that a volume is made of, and, of an encrypted one, the key that was seen to open it. */
export type ImageSource = FromPayload | FromStanding;

/** An image that is made of a payload, and removed again. */
export interface FromPayload {
  readonly kind: 'payload';
  readonly payload: Payload;
  readonly key: ImageKey | undefined;
  /** Of the data's header; undefined if it is not encrypted. */
  readonly luks: LuksVersion | undefined;
  /** Its first bytes. */
  readonly head: Uint8Array;
  /** Why a current Glance refuses the data as it is; undefined if it does not. */
  readonly doubt: string | undefined;
}

/** The image that stayed in the cloud. It is only read. */
export interface FromStanding {
  readonly kind: 'kept';
  readonly key: OpenedKey | undefined;
  readonly luks: LuksVersion | undefined;
}

/**
 * Checks the bytes to make a volume from: that they exist, and that their key opens them. Changes
 * nothing.
 *
 * @param store where payloads are read; undefined if no store is given
 * @throws InputError or OperationError
 */
export async function imageSource(
  session: Session,
  manifest: Manifest,
  point: VolumeImagePoint,
  store: PayloadStore | undefined,
): Promise<ImageSource> {
  const { payload } = point;
  if (payload === null) return kept(session, point);
  const from = storeFor(payload, store);
  const key = await keyOf(session, manifest, point, from);
  const head = await headOfPayload(from, payload, INSPECTED, key, session.signal);
  const doubt = unsafe(head, 'raw', 'bare');
  return { kind: 'payload', payload, key, luks: key && versionOf(head), head, doubt };
}

async function keyOf(
  session: Session,
  manifest: Manifest,
  { resource }: VolumeImagePoint,
  store: PayloadStore,
): Promise<ImageKey | undefined> {
  if (resource.encryption === null) return undefined;
  const { point } = resource.encryption.key;
  if (point === undefined)
    throw new InputError(
      `volume ${resource.id} is encrypted, but its key is not in the manifest`,
      'Use a restore point made with `recipients`: without its key, nobody can open the data.',
    );
  const secret = pointWithId(manifest, 'secret', point);
  return {
    saved: secret.resource,
    bytes: await openKey((bytes) => session.secret(bytes), store, secret),
    sameProject: manifest.cloud.project.id === session.scope.project.id,
  };
}

/** Cinder would take an image that has lost the name of its key for plain data, and encrypt it once more. */
async function kept(session: Session, { image, resource }: VolumeImagePoint): Promise<FromStanding> {
  const now = await keptImage(session, image, `which is the backup of volume ${resource.id}`);
  if ((now.properties[KEY_ID] ?? null) !== image.keyId)
    throw new OperationError(
      `image ${image.id} names a different key than when it was saved`,
      'Somebody changed it: find out who, or use another restore point.',
    );
  if (resource.encryption === null) return { kind: 'kept', key: undefined, luks: undefined };
  if (image.keyId === null)
    throw new OperationError(
      `image ${image.id} is of an encrypted volume, but names no key`,
      'Without its key, nobody can open the data: use another restore point.',
    );
  const { secretType } = await readableKey(session, image.keyId, `image ${image.id}`);
  const bytes = await readPayload(await session.service('key-manager'), image.keyId);
  const key = { saved: { id: image.keyId, secretType }, bytes };
  const stream = downloadImage(await session.service('image'), now);
  return {
    kind: 'kept',
    key,
    luks: versionOf(await headOfStream(stream, INSPECTED, key, `image ${image.id}`, session.signal)),
  };
}

function versionOf(head: Buffer): LuksVersion {
  return luksVersion(head) === 2 ? 2 : 1;
}
