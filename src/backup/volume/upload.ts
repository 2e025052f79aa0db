import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { Consistency } from '../../manifest/schema.ts';
import { createSnapshot, type Snapshot, watchSnapshots } from '../../openstack/blockstorage/v3/snapshots.ts';
import {
  createVolume,
  getVolume,
  setImageMetadata,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import type { Places } from '../../temporaries/tagged.ts';
import {
  COPY_PROPERTY,
  judged,
  limits,
  made,
  type Steps,
  stumbles,
  uploaded,
  volumeMade,
  waited,
} from '../steps.ts';
import { removeOrphans } from './orphans.ts';

/** The upload of one volume, and how all that is made for it is recorded. */
export interface Upload extends Environment {
  readonly plan: {
    readonly volume: Volume;
    /** A snapshot that is uploaded instead of the volume as it is now; it stays. */
    readonly snapshotId?: string | undefined;
  };
  /** "the image of volume db (5f2c…)", for messages. */
  readonly what: string;
  /** Carried by all that is made for it. */
  readonly record: Draft;
  /** Milliseconds since the epoch. */
  readonly started: number;
}

export interface Uploaded {
  /** Active; its name is the record. */
  readonly image: Image;
  readonly consistency: Consistency;
}

/**
 * Has Cinder upload a volume. A free volume is uploaded as it is; one in use through a snapshot and a temporary
 * volume. All that is made carries the record, and stays.
 *
 * @throws OperationError if the cloud fails, with what it said
 */
export async function uploadVolume(work: Upload): Promise<Uploaded> {
  const source = await uploadable(work);
  try {
    return { image: await upload(work, source.id), consistency: source.consistency };
  } catch (error) {
    if (!stumbles(error)) throw error;
    work.log.info(`${work.what} is made from a temporary copy: ${error.message}`);
    const { id, consistency } = await copyWithProperty(work, source);
    return { image: await upload(work, id), consistency };
  }
}

/** Changes a copy, since the volume itself is only read. */
async function copyWithProperty(work: Upload, { id, consistency }: Source): Promise<Source> {
  const { session, plan, started, log } = work;
  const client = await session.service('block-storage');
  // The refused request may have cloned the key.
  await removeOrphans(session, plan.volume, started, log);
  const isCopy = id !== plan.volume.id;
  const copy = isCopy ? id : await temporaryVolume(work, await temporarySnapshot(work));
  await setImageMetadata(client, copy, { [COPY_PROPERTY]: 'true' });
  if (isCopy) return { id: copy, consistency };
  const { status } = await getVolume(client, plan.volume.id);
  return { id: copy, consistency: status === 'available' ? consistency : 'crash' };
}

interface Source {
  /** Of a volume that Cinder can upload. */
  readonly id: string;
  readonly consistency: Consistency;
}

/**
 * What Cinder can upload: the volume itself, or a volume made from a snapshot of it. Looked at now, and not when it was
 * planned: Cinder clones the key of a volume before it refuses to upload it.
 */
async function uploadable(work: Upload): Promise<Source> {
  const { plan, session } = work;
  const { snapshotId, volume } = plan;
  if (snapshotId !== undefined) return { id: await temporaryVolume(work, snapshotId), consistency: 'crash' };
  const { status } = await getVolume(await session.service('block-storage'), volume.id);
  if (status === 'available') return { id: volume.id, consistency: 'offline' };
  if (status === 'in-use')
    return {
      id: await temporaryVolume(work, await temporarySnapshot(work)),
      consistency: 'crash',
    };
  throw new OperationError(
    `volume ${volume.id} is ${status}; only available and in-use volumes can be saved`,
    'Try again when the cloud is done with it.',
  );
}

async function temporarySnapshot(work: Upload): Promise<string> {
  const { session, plan, record, ledger, what } = work;
  const steps = stepsOf(work);
  const client = await session.service('block-storage');
  const wanted = { volumeId: plan.volume.id, description: ledger.unbound(record), force: true };
  const snapshot = await made(steps, 'snapshot', async () => (await createSnapshot(client, wanted)).id);
  const judge = ({ status }: Snapshot) => judged(status, 'available', ['creating']);
  const wait = watchSnapshots(client).until(snapshot, judge, limits(steps));
  await waited(steps, wait, `the snapshot for ${what}`, [snapshot]);
  return snapshot;
}

async function temporaryVolume(work: Upload, snapshotId: string): Promise<string> {
  const { session, plan, record, ledger, what } = work;
  const client = await session.service('block-storage');
  const { size, availabilityZone } = plan.volume;
  // When Cinder restores to a volume without a name, it overwrites the description.
  const name = copyNameOf(plan.volume.id);
  const wanted = { size, snapshotId, name, description: ledger.unbound(record), availabilityZone };
  const create = async () => (await createVolume(client, wanted)).id;
  return volumeMade(stepsOf(work), `the temporary volume for ${what}`, create);
}

/** A request whose answer was lost may have cloned the key. */
function upload(work: Upload, volumeId: string): Promise<Image> {
  const { session, plan, started, log } = work;
  return uploaded(stepsOf(work), volumeId, () => removeOrphans(session, plan.volume, started, log));
}

function stepsOf(work: Upload): Steps {
  const { size, id } = work.plan.volume;
  return { ...work, gigabytes: size, places: placesOf(work), source: id, refused: REFUSED };
}

/** Where to look for all that the upload may make: the project may hold thousands of other things. */
export function placesOf({ plan, ledger, record }: Pick<Upload, 'plan' | 'ledger' | 'record'>): Places {
  const { id } = plan.volume;
  return {
    images: { name: ledger.unbound(record) },
    volumes: { name: copyNameOf(id) },
    snapshots: { volumeId: id },
  };
}

/** The name of a temporary volume with the disk of a volume or image. */
export function copyNameOf(id: string): string {
  return `temporary of ${id}`;
}

/** Cinder does not pass on the reason that Glance gave. */
const REFUSED =
  'Glance may have refused the data: since 2025.1 it accepts neither LUKS2 nor a boot sector without partitions, and every Glance has a size limit or quota. Use `method: cinder-backup` for this volume, or ask the operator.';
