import type { Session } from '../openstack/connection.ts';
import type { Log } from '../ports/log.ts';
import { type Leftover, nameOf } from './leftovers.ts';
import { type Removable, removeAll } from './remove.ts';
import { toldOf } from './tell.ts';

/**
 * Removes what interrupted runs left. What the cloud refuses to remove is reported; the next run tries again.
 *
 * @param stillLeft asked right before each removal
 * @param dryRun only report
 */
export async function cleanUp(
  session: Session,
  leftovers: readonly Leftover[],
  stillLeft: (thing: Removable) => Promise<boolean>,
  log: Log,
  dryRun: boolean,
): Promise<void> {
  for (const leftover of leftovers) {
    if (leftover.action === 'wait' && leftover.handedOver)
      log.debug(`${nameOf(leftover)} was left to the cloud by an earlier run, and is not finished`);
    else if (leftover.action === 'wait')
      log.warn(
        `${nameOf(leftover)} was left by an interrupted run; the cloud is still working on it, and a later run will check again`,
      );
    else if (leftover.action === 'tell') log.warn(toldOf(leftover));
    else if (dryRun && leftover.action === 'failed')
      log.warn(
        `backup ${leftover.backup.id} of volume ${leftover.backup.volumeId}, left to the cloud by an earlier run, failed: ${leftover.backup.failReason ?? 'the cloud gives no reason'}`,
      );
    else if (dryRun && leftover.action === 'delete')
      log.info(`${nameOf(leftover)} was left by an interrupted run, and would be removed`);
  }
  if (dryRun) return;
  const left = leftovers.flatMap((leftover) => (leftover.action === 'delete' ? leftover : []));
  const report = {
    removed: (thing: Removable) => log.info(`${nameOf(thing)}, left by an interrupted run, was removed`),
    refused: (thing: Removable, why: string) =>
      log.warn(`${nameOf(thing)} was left by an interrupted run, and cannot be removed: ${why}`),
    kept: (thing: Removable) => log.debug(`${nameOf(thing)} is no longer left over`),
  };
  await removeAll(session, left, report, { stillLeft });
}
