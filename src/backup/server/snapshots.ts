import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { type Snapshot, watchSnapshots } from '../../openstack/blockstorage/v3/snapshots.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import { type MappedDisk, parseBlockDeviceMapping } from './block-device-mapping.ts';
import { type ServerImage, snapshotsOf } from './image.ts';

/** A volume of a server as it was when Nova snapshot them all. */
export interface TakenVolume {
  readonly snapshot: Snapshot;
  readonly place: MappedDisk;
}

/**
 * The snapshots behind the image of a volume-backed server, when all of them can be used. Only those that carry the
 * record of this image count: what a property names is not trusted.
 *
 * @param volumeIds the volumes that must have a snapshot
 */
export async function snapshotsBehind(
  { image, record }: ServerImage,
  volumeIds: readonly string[],
  environment: Environment,
): Promise<TakenVolume[]> {
  const own = new Map(
    (await snapshotsOf(environment.session, record.tag)).map((snapshot) => [snapshot.id, snapshot]),
  );
  const mapping = parseBlockDeviceMapping(image.properties['block_device_mapping'] ?? '[]');
  const taken = mapping.flatMap((place) => {
    if (place.snapshotId === undefined) return [];
    const snapshot = own.get(place.snapshotId);
    if (snapshot === undefined)
      throw new OperationError(
        `image ${image.id} names snapshot ${place.snapshotId}, which was not taken for it`,
        'Somebody changed the image: try again.',
      );
    return [{ place, snapshot }];
  });
  for (const { snapshot } of taken) await environment.ledger.bind(record, 'snapshot', snapshot.id);
  const left = volumeIds.filter((id) => !taken.some(({ snapshot }) => snapshot.volumeId === id));
  if (left.length > 0)
    throw new OperationError(
      `Nova took no snapshot of ${left.map((id) => `volume ${id}`).join(', ')}`,
      'It may have been attached or detached meanwhile: try again.',
    );
  const watcher = watchSnapshots(await environment.session.service('block-storage'));
  return Promise.all(
    taken.map(async (one) => ({ ...one, snapshot: await available(one.snapshot, watcher, environment) })),
  );
}

/** Nova does not wait for the snapshots that it begins. */
async function available(
  snapshot: Snapshot,
  snapshots: Watcher<Snapshot>,
  { session, clock, signal, until }: Environment,
): Promise<Snapshot> {
  const cinder = await session.service('block-storage');
  const what = `snapshot ${snapshot.id} of volume ${snapshot.volumeId}`;
  try {
    return await snapshots.until(snapshot.id, judge, {
      deadline: Math.min(clock.now() + allowance(0), until),
      signal,
    });
  } catch (error) {
    if (error instanceof SnapshotFailed)
      throw await cloudGaveUp(cinder, `${what} failed`, undefined, [snapshot.id, snapshot.volumeId]);
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} timed out`,
        'Raise `deadline`, or ask the operator whether the volume service works.',
        error,
      );
    throw error;
  }
}

class SnapshotFailed extends Error {}

function judge(snapshot: Snapshot): { done: Snapshot } | undefined {
  if (snapshot.status === 'available') return { done: snapshot };
  if (snapshot.status === 'creating') return undefined;
  throw new SnapshotFailed(`snapshot ${snapshot.id} is ${snapshot.status}`);
}
