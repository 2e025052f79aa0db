import { randomUUID } from 'node:crypto';
import { POINT_PROPERTY } from '../../catalog/kept-image.ts';
import { timestamp } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import type { Consistency, SavedEncryption, SecretPoint, VolumeImagePoint } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { takeRecordOff } from '../../temporaries/image-record.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { quoted } from '../../text/escape.ts';
import { toSecond } from '../../text/words.ts';
import { saveImageData } from '../image/download.ts';
import { savedKey } from '../secret/record.ts';
import { type SavedKey, saveSecret, withKey } from '../secret/save.ts';
import { COPY_PROPERTY } from '../steps.ts';
import { removeOrphans } from './orphans.ts';
import { savedVolume } from './record.ts';
import { placesOf, type Upload, uploadVolume } from './upload.ts';

export interface VolumeImagePlan {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  /** Why this way. */
  readonly reason: string;
  /** A snapshot that is saved instead of the volume as it is now; it stays. */
  readonly snapshotId?: string | undefined;
}

export interface ImageSaving extends Environment {
  /** Undefined: the image stays in the cloud, and is the backup. */
  readonly payloads: PayloadStore | undefined;
  /** Told of bytes as they leave the cloud. */
  readonly onBytes?: (count: number) => void;
}

export interface SavedThroughImage {
  /** The key of an encrypted volume whose data left the cloud: to be recorded before the volume. */
  readonly key: SecretPoint | undefined;
  readonly point: VolumeImagePoint;
}

/** Cinder's own note on a volume. Cinder 2023.1 copies it to the image, and then makes no volume from that. */
const SIGNATURE = 'signature_verified';

/**
 * Saves a volume as an image. A free volume is uploaded as it is; one in use through a snapshot and a temporary
 * volume, which Cinder can upload. With a store, the image is downloaded to it and removed; without one, it stays
 * in the cloud. All that is temporary is removed, whatever happens, and was recorded before it was made.
 *
 * @throws OperationError if the cloud fails, with what it said
 */
export async function saveThroughImage(
  plan: VolumeImagePlan,
  saving: ImageSaving,
): Promise<SavedThroughImage> {
  const { session, clock, log, payloads, ledger } = saving;
  const { volume } = plan;
  const what = `the image of volume ${quoted(volume.name)} (${volume.id})`;
  const started = clock.now();
  // All data may be copied four times: to a snapshot, a volume, an image, and out of the cloud.
  const record = ledger.draft('scratch', 4 * volume.size);
  const work: Work = { ...saving, plan, what, record, started };
  try {
    const { image, consistency } = await uploadVolume(work);
    log.info(`${what} is ${image.id}`);
    const id = randomUUID();
    const saved =
      payloads === undefined ? await keep(work, image, id) : await download(work, payloads, image, id);
    return { key: saved.key?.point, point: pointOf(work, id, image, saved, consistency) };
  } catch (error) {
    if (!saving.signal.aborted) await removeOrphans(session, volume, started, log);
    throw error;
  } finally {
    await removeTagged(session, [record.tag], what, log, placesOf(work));
  }
}

interface Work extends ImageSaving, Upload {
  readonly plan: VolumeImagePlan;
}

interface Kept {
  readonly key: SavedKey | undefined;
  readonly payload: VolumeImagePoint['payload'];
  readonly name: string;
}

/** Gives the image the name of a backup, and takes the record off; until then it is a temporary. */
async function keep({ session, plan, ledger, clock }: Work, image: Image, point: string): Promise<Kept> {
  const glance = await session.service('image');
  const { volume } = plan;
  const name = `${volume.name || volume.id} ${toSecond(clock.now())}`.slice(-255);
  const changes = [
    { op: 'replace', name: 'name', value: name },
    { op: 'add', name: POINT_PROPERTY, value: point },
    ...[COPY_PROPERTY, SIGNATURE]
      .filter((property) => image.properties[property] !== undefined)
      .map((property) => ({ op: 'remove', name: property }) as const),
  ] as const;
  await takeRecordOff(glance, image.id, changes, ledger);
  return { key: undefined, payload: null, name };
}

async function download(work: Work, payloads: PayloadStore, image: Image, point: string): Promise<Kept> {
  const { session, plan, clock, signal, onBytes, until, what } = work;
  const keyId = plan.encryption?.key.id ?? undefined;
  const users = [{ kind: 'volume' as const, id: plan.volume.id, name: plan.volume.name }];
  const key = keyId === undefined ? undefined : await saveSecret(keyId, users, work, payloads);
  const facts = {
    point,
    resource: { kind: 'volume', id: plan.volume.id },
    taken: timestamp(clock),
  } as const;
  const payload = await withKey(key, payloads, async () =>
    saveImageData(await session.service('image'), image, facts, payloads, {
      clock,
      signal,
      until,
      what,
      key: key && { bytes: key.bytes, secretType: key.point.resource.secretType },
      ...(onBytes === undefined ? {} : { onBytes }),
    }),
  );
  return { key, payload, name: image.name };
}

function pointOf(
  { plan, clock, started }: Work,
  id: string,
  image: Image,
  saved: Kept,
  consistency: Consistency,
): VolumeImagePoint {
  const { volume, typeId, encryption, reason } = plan;
  const proved =
    encryption === null || saved.key === undefined
      ? encryption
      : { ...encryption, key: savedKey(saved.key.point, 'sealed, proved') };
  return {
    id,
    resource: savedVolume(volume, typeId, proved),
    method: 'image',
    image: {
      id: image.id,
      name: saved.payload === null ? saved.name : '',
      size: image.size ?? saved.payload?.size ?? 0,
      checksum: image.checksum ?? null,
      hash: image.hash ?? null,
      keyId: image.properties[KEY_ID] ?? null,
      created: image.createdAt,
      kept: saved.payload === null,
    },
    payload: saved.payload,
    reason,
    consistency,
    seconds: (clock.now() - started) / 1000,
  };
}
