import { InputError, OperationError } from '../../errors.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { Manifest, Payload, SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { openKey } from '../../payload/open-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { type QuotaLine, quotaAfter, refuseOver } from '../../plan/quota.ts';
import { quoted } from '../../text/escape.ts';
import { storeFor } from '../store-for.ts';
import type { ImageChoice, ImageRestoreWishes } from './choose.ts';
import type { ImageKey } from './create.ts';
import { headOfPayload } from './header.ts';
import { INSPECTED, unsafe } from './unsafe.ts';

/** How an image is made again. */
export interface ImageRestorePlan {
  readonly saved: SavedImage;
  readonly payload: Payload;
  readonly name: string;
  readonly diskFormat: string;
  readonly containerFormat: string;
  readonly key: ImageKey | undefined;
  /** Whether it goes back to the project that it was saved in. */
  readonly sameProject: boolean;
  /** The first bytes of the data. */
  readonly head: Uint8Array;
  /** Why a current Glance refuses the data as it is; undefined if it does not. */
  readonly doubt: string | undefined;
  /** Whether it may be stored inside a qcow2 if Glance refuses it. */
  readonly wrap: ImageRestoreWishes['wrap'];
  /** Empty if the cloud shows no quota. */
  readonly quota: readonly QuotaLine[];
}

/**
 * Looks at all that could make it fail: the payload and its key, whether one opens the other, the quota, and what the
 * cloud does not take. Changes nothing.
 *
 * @throws InputError or OperationError
 */
export async function planImage(
  session: Session,
  { manifest, point }: ImageChoice,
  wishes: Pick<ImageRestoreWishes, 'name' | 'wrap'>,
  store: PayloadStore | undefined,
): Promise<ImageRestorePlan> {
  if (point.method === 'kept')
    throw new InputError(
      `image ${quoted(point.resource.name)} (${point.resource.id}) was not downloaded: the only copy is in the cloud`,
      'Use that image as it is, or use a restore point made by backup-image.',
    );
  const { resource: saved, payload } = point;
  const from = storeFor(payload, store);
  const sameProject = manifest.cloud.project.id === session.scope.project.id;
  const keyPoint = keyPointOf(manifest, saved);
  const key = keyPoint && {
    saved: keyPoint.resource,
    bytes: await openKey((bytes) => session.secret(bytes), from, keyPoint),
    sameProject,
  };
  const head = await headOfPayload(from, payload, INSPECTED, key, session.signal);
  const diskFormat = saved.diskFormat ?? 'raw';
  const containerFormat = saved.containerFormat ?? 'bare';
  const doubt = unsafe(head, diskFormat, containerFormat);
  const need = { images: 1, image_mebibytes: Math.ceil(payload.size / 2 ** 20) };
  const quota = quotaAfter(await quotasFor(session, [need]), need);
  refuseOver(quota, 'the restored image');
  return {
    saved,
    payload,
    name: wishes.name ?? saved.name,
    diskFormat,
    containerFormat,
    key,
    sameProject,
    head,
    doubt,
    wrap: wishes.wrap,
    quota,
  };
}

function keyPointOf(manifest: Manifest, { id, encryption }: SavedImage): SecretPoint | undefined {
  if (encryption === null) return undefined;
  if (encryption.key.point === undefined)
    throw new InputError(
      `image ${id} is encrypted, but its key is not in the manifest`,
      'Use a restore point made with `recipients`: without its key, nobody can open the data.',
    );
  return pointWithId(manifest, 'secret', encryption.key.point);
}

/** @param doubt what is wrong with it */
export function refusedAsItIs({ id }: Pick<SavedImage, 'id'>, doubt: string): OperationError {
  return new OperationError(
    `this cloud's Glance refuses the data of image ${id} as it is: ${doubt}`,
    'Use `wrap: auto` to store a raw disk inside a qcow2, restore it as a volume with restore-volume, or ask the operator. The attempt left nothing behind.',
  );
}
