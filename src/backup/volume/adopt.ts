import { adoptable, type Unrecorded } from '../../chain/adoptable.ts';
import { messageOf } from '../../errors.ts';
import { withTags } from '../../manifest/points.ts';
import type { VolumeBackupPoint } from '../../manifest/schema.ts';
import { listVolumeTypes } from '../../openstack/blockstorage/v3/types.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import type { Log } from '../../ports/log.ts';
import type { Holdings } from '../../temporaries/holdings.ts';
import type { Leftover } from '../../temporaries/leftovers.ts';
import { VolumeKeys } from './keys.ts';
import { encryptionOf, typeIdOf } from './plan.ts';
import { restorePoint } from './record.ts';

/** A backup that is adopted, with the tags that it should have. */
export interface Adopted extends Unrecorded {
  readonly point: VolumeBackupPoint;
}

/**
 * Restore points of complete backups that interrupted runs did not record. Their volumes are described as they are now,
 * and what the backup itself tells as it was; a backup whose volume is gone stays as it is, and can be restored by its id.
 *
 * @param holdings listed before anything was begun
 */
export async function adopt(
  client: ServiceClient,
  leftovers: readonly Leftover[],
  { backups, volumes }: Pick<Holdings, 'backups' | 'volumes'>,
  log: Log,
): Promise<Adopted[]> {
  const adopted: Adopted[] = [];
  const types = leftovers.some(({ action }) => action === 'adopt') ? await listVolumeTypes(client) : [];
  for (const leftover of leftovers) {
    if (leftover.action !== 'adopt') continue;
    const { backup } = leftover;
    const byHand = `\`restore-volume\` with \`backup: ${backup.id}\` restores it`;
    const volume = volumes.find(({ id }) => id === backup.volumeId);
    if (volume === undefined) {
      log.warn(`backup ${backup.id} of an interrupted run is complete, but its volume is gone: ${byHand}`);
      continue;
    }
    const found = adoptable(leftover, backups);
    if ('why' in found) {
      log.warn(`backup ${backup.id} of an interrupted run is not adopted: ${found.why}; ${byHand}`);
      continue;
    }
    const { tags } = found;
    try {
      const encryption = await encryptionOf(new VolumeKeys(client), volume);
      const reason = `run ${tags.run} made it, but ended before recording it`;
      const facts = { volume, typeId: typeIdOf(volume, types), encryption, backup, tags, reason, seconds: 0 };
      adopted.push({ backup, tags, point: withTags(restorePoint(facts), tags.pointTags) });
    } catch (error) {
      log.warn(`backup ${backup.id} of an interrupted run cannot be adopted: ${messageOf(error)}`);
    }
  }
  return adopted;
}
