import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { getBackup, restoreBackup } from '../../openstack/blockstorage/v3/backups.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import {
  type CreateVolume,
  getVolume,
  updateVolume,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import { notBegunName, unfinishedName } from '../../temporaries/unfinished-name.ts';
import { makeVolume, undoVolume } from './create.ts';
import { encryptionMismatch } from './encryption-fit.ts';
import type { OverwritePlan } from './overwrite.ts';
import type { NewVolumePlan } from './plan-from-backup.ts';
import type { RestoreSource } from './source.ts';

/**
 * Restores to a new volume. One that is not completed is deleted.
 *
 * @returns the volume, available and with its data
 */
export async function restoreToNew(
  environment: Environment,
  plan: NewVolumePlan,
  volumes: Watcher<Volume>,
): Promise<Volume> {
  const { session, log, ledger } = environment;
  const client = await session.service('block-storage');
  const oneRequest = plan.typeIsProven && client.supports('3.47');
  await freshTokenFor(session, 'the restore', plan.source.size);
  const record = ledger.draft('result', plan.source.size);
  // Whether an available volume has its data: of one that is made empty only when it was asked to be filled.
  let begun = oneRequest;
  let id: string | undefined;
  try {
    const made = await makeVolume(environment, wantedOf(plan, oneRequest), record);
    id = made.id;
    log.info(`volume ${made.id} is being made${oneRequest ? ` from backup ${plan.source.backupId}` : ''}`);
    const volume = await available(environment, volumes, made.id, 'made', plan.source);
    proven(plan, volume);
    if (oneRequest) return volume;
    await freshTokenFor(session, 'the restore', plan.source.size);
    await updateVolume(client, volume.id, { name: unfinishedName(plan.name) });
    await startRestore(environment, plan.source.backupId, volume.id);
    begun = true;
    return await available(environment, volumes, volume.id, 'filled', plan.source);
  } catch (error) {
    const hasData = ({ status }: Volume) => begun && status === 'available' && !(error instanceof Unfit);
    const done = await undoVolume(environment, { tag: record.tag, id }, hasData);
    if (done === undefined) throw error;
    return done;
  }
}

/** Restores over a volume that exists. What it held is lost from the first moment, even if the restore fails. */
export async function restoreOver(
  environment: Environment,
  { source, target }: OverwritePlan,
  volumes: Watcher<Volume>,
): Promise<Volume> {
  await freshTokenFor(environment.session, 'the restore', source.size);
  await startRestore(environment, source.backupId, target.id);
  return available(environment, volumes, target.id, 'overwritten', source);
}

function wantedOf(
  { availabilityZone, name, source, type }: NewVolumePlan,
  oneRequest: boolean,
): Omit<CreateVolume, 'description'> {
  return {
    size: source.size,
    name: oneRequest ? unfinishedName(name) : notBegunName(name),
    volumeType: type?.id,
    availabilityZone,
    backupId: oneRequest ? source.backupId : undefined,
  };
}

/** Checks that the new volume is encrypted exactly as the data is, before any data is written to it. */
function proven({ source, type }: NewVolumePlan, volume: Volume): void {
  const mismatch = encryptionMismatch(
    source.encrypted,
    volume.encrypted,
    type?.name ?? volume.volumeType ?? '',
  );
  if (mismatch !== undefined) throw new Unfit(mismatch.what, mismatch.hint);
  if (
    source.encrypted &&
    source.typeId !== undefined &&
    volume.volumeTypeId !== undefined &&
    volume.volumeTypeId !== source.typeId
  )
    throw new Unfit(
      `the cloud made the volume with type ${volume.volumeTypeId} instead of ${source.typeId}`,
      'Ask the operator.',
    );
}

/** A volume that must not get the data, or must not have got it. */
class Unfit extends OperationError {}

async function startRestore(
  { session, clock, log, signal }: Environment,
  backupId: string,
  volumeId: string,
): Promise<true> {
  const client = await session.service('block-storage');
  const start = async (): Promise<true> => {
    await restoreBackup(client, backupId, volumeId);
    return true;
  };
  // A lost answer: the volume and the backup tell whether the restore began. One alone may be restored with another.
  const begun = async () => {
    const [volume, backup] = await Promise.all([getVolume(client, volumeId), getBackup(client, backupId)]);
    return volume.status === 'restoring-backup' && backup.status === 'restoring'
      ? (true as const)
      : undefined;
  };
  return createOnce(start, begun, { clock, log, signal });
}

class RestoreFailed extends Error {
  readonly volume: Volume;
  constructor(volume: Volume) {
    super(`volume ${volume.id} is ${volume.status}`);
    this.volume = volume;
  }
}

const PENDING = new Set(['creating', 'downloading', 'restoring-backup', 'restoring', 'maintenance']);

/** The volume's status decides: the backup goes back to `available` also when the restore failed. */
function judge(volume: Volume): { done: Volume } | undefined {
  if (volume.status === 'available') return { done: volume };
  if (PENDING.has(volume.status)) return undefined;
  throw new RestoreFailed(volume);
}

async function available(
  { session, clock, signal }: Environment,
  volumes: Watcher<Volume>,
  volumeId: string,
  stage: 'made' | 'filled' | 'overwritten',
  { size, backupId }: RestoreSource,
): Promise<Volume> {
  try {
    return await volumes.until(volumeId, judge, { deadline: clock.now() + allowance(size), signal });
  } catch (error) {
    const lost =
      stage === 'overwritten'
        ? `The data on volume ${volumeId} is lost. Restore to a new volume by leaving \`to\` out; only the operator can reset this one.`
        : undefined;
    if (error instanceof RestoreFailed)
      throw await cloudGaveUp(
        await session.service('block-storage'),
        `the restore to volume ${volumeId} failed, and the volume is ${error.volume.status}`,
        undefined,
        [volumeId, backupId],
        lost,
      );
    if (error instanceof DeadlineError)
      throw new OperationError(
        `the restore to volume ${volumeId} timed out after ${duration(allowance(size))}`,
        lost ?? 'Ask the operator whether the backup service works.',
        error,
      );
    throw error;
  }
}
