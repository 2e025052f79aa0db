import { duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { restoreBackup } from '../../openstack/blockstorage/v3/backups.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import { type CreateVolume, getVolume, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import { unfinishedName } from '../../temporaries/unfinished.ts';
import { makeVolume, removeMade } from './create.ts';
import { encryptionMismatch } from './encryption-fit.ts';
import type { RestoreTools } from './environment.ts';
import type { NewVolumePlan, OverwritePlan } from './volume-plan.ts';

/**
 * Restores to a volume that is made for it. One that is not brought to its end is deleted again.
 *
 * @returns the volume, available and with its data
 */
export async function restoreToNew(plan: NewVolumePlan, tools: RestoreTools): Promise<Volume> {
  const { client, log, run } = tools;
  const oneRequest = plan.typeIsProven && client.supports('3.47');
  await freshTokenFor(client.session, 'the restore', plan.source.size);
  const record = run.draft('result', plan.source.size);
  // Whether an available volume has its data: of one that is made empty only when it was asked to be filled.
  let begun = oneRequest;
  let id: string | undefined;
  try {
    const made = await makeVolume(client, wantedOf(plan, oneRequest), record, run);
    id = made.id;
    log.info(`volume ${made.id} is being made${oneRequest ? ` from backup ${plan.source.backupId}` : ''}`);
    const volume = await available(made.id, 'made', plan.source.size, plan.source.backupId, tools);
    proven(plan, volume);
    if (oneRequest) return volume;
    await freshTokenFor(client.session, 'the restore', plan.source.size);
    await startRestore(plan.source.backupId, volume.id, tools);
    begun = true;
    return await available(volume.id, 'filled', plan.source.size, plan.source.backupId, tools);
  } catch (error) {
    const hasData = ({ status }: Volume) => begun && status === 'available' && !(error instanceof Unfit);
    const done = await removeMade(client, { tag: record.tag, id }, hasData);
    if (done === undefined) throw error;
    return done;
  }
}

/** Restores over a volume that exists. What it held is lost from the first moment, also when the restore fails. */
export async function restoreOver({ source, target }: OverwritePlan, tools: RestoreTools): Promise<Volume> {
  await freshTokenFor(tools.client.session, 'the restore', source.size);
  await startRestore(source.backupId, target.id, tools);
  return available(target.id, 'overwritten', source.size, source.backupId, tools);
}

function wantedOf(
  { availabilityZone, name, source, type }: NewVolumePlan,
  oneRequest: boolean,
): Omit<CreateVolume, 'description'> {
  return {
    size: source.size,
    name: unfinishedName(name),
    volumeType: type?.id,
    availabilityZone,
    backupId: oneRequest ? source.backupId : undefined,
  };
}

/** The new volume must be encrypted exactly as the data is; found out before any data is written to it. */
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

function startRestore(
  backupId: string,
  volumeId: string,
  { client, clock, log, signal }: RestoreTools,
): Promise<true> {
  const start = async (): Promise<true> => {
    await restoreBackup(client, backupId, volumeId);
    return true;
  };
  // A lost answer: the volume tells whether the restore began.
  const begun = async () =>
    (await getVolume(client, volumeId)).status === 'restoring-backup' ? (true as const) : undefined;
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
  volumeId: string,
  stage: 'made' | 'filled' | 'overwritten',
  gigabytes: number,
  backupId: string,
  tools: RestoreTools,
): Promise<Volume> {
  const { client, clock, volumes, signal } = tools;
  try {
    return await volumes.until(volumeId, judge, { deadline: clock.now() + allowance(gigabytes), signal });
  } catch (error) {
    const lost =
      stage === 'overwritten'
        ? `What volume ${volumeId} held is gone. Restore to a new volume by leaving \`to\` out; only the operator can reset this one.`
        : undefined;
    if (error instanceof RestoreFailed)
      throw await cloudGaveUp(
        client,
        `the restore to volume ${volumeId} failed, and the volume is ${error.volume.status}`,
        undefined,
        [volumeId, backupId],
        lost,
      );
    if (error instanceof DeadlineError)
      throw new OperationError(
        `the restore to volume ${volumeId} is not done after ${duration(allowance(gigabytes))}`,
        lost ?? 'Ask the operator whether the backup service is alive.',
        error,
      );
    throw error;
  }
}
