import { messageOf } from '../errors.ts';
import { deleteBackup } from '../openstack/blockstorage/v3/backups.ts';
import { deleteVolume } from '../openstack/blockstorage/v3/volumes.ts';
import type { Log } from '../openstack/log.ts';
import type { ServiceClient } from '../openstack/service.ts';
import { quoted } from '../text/escape.ts';
import type { Leftover } from './leftovers.ts';

/**
 * Removes what dead runs left, the one way to clean up. What the cloud refuses is told and tried again by the next run.
 *
 * @param dryRun only tell
 */
export async function cleanUp(
  client: ServiceClient,
  leftovers: readonly Leftover[],
  log: Log,
  dryRun: boolean,
): Promise<void> {
  for (const leftover of leftovers) {
    if (leftover.action === 'adopt') continue;
    const what = nameOf(leftover);
    if (leftover.action === 'wait') {
      log.warn(
        `${what} was left by a run that is dead; the cloud is still at work on it, a later run removes it`,
      );
      continue;
    }
    if (dryRun) {
      log.info(`${what} was left by a run that is dead, and would be removed`);
      continue;
    }
    try {
      if (leftover.kind === 'backup') await deleteBackup(client, leftover.backup.id);
      else await deleteVolume(client, leftover.volume.id);
      log.info(`${what}, left by a run that is dead, is removed`);
    } catch (error) {
      log.warn(`${what} was left by a run that is dead, and cannot be removed: ${messageOf(error)}`);
    }
  }
}

function nameOf(leftover: Leftover): string {
  return leftover.kind === 'backup'
    ? `backup ${leftover.backup.id} (${leftover.backup.status})`
    : `volume ${quoted(leftover.volume.name)} (${leftover.volume.id}, ${leftover.volume.status})`;
}
