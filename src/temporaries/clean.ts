import type { Log } from '../openstack/log.ts';
import type { Session } from '../openstack/session.ts';
import { type Leftover, nameOf } from './leftovers.ts';
import { removeAll } from './remove.ts';

/**
 * Removes what dead runs left. What the cloud refuses is told and tried again by the next run.
 *
 * @param dryRun only tell
 */
export async function cleanUp(
  session: Session,
  leftovers: readonly Leftover[],
  log: Log,
  dryRun: boolean,
): Promise<void> {
  const left = leftovers.filter((leftover) => leftover.action !== 'adopt');
  for (const leftover of left) {
    if (leftover.action === 'wait')
      log.warn(
        `${nameOf(leftover)} was left by a run that is dead; the cloud is still at work on it, a later run removes it`,
      );
    else if (dryRun) log.info(`${nameOf(leftover)} was left by a run that is dead, and would be removed`);
  }
  if (dryRun) return;
  await removeAll(
    session,
    left.filter(({ action }) => action === 'delete'),
    {
      removed: (thing) => log.info(`${nameOf(thing)}, left by a run that is dead, is removed`),
      refused: (thing, why) =>
        log.warn(`${nameOf(thing)} was left by a run that is dead, and cannot be removed: ${why}`),
    },
  );
}
