import { messageOf } from '../../errors.ts';
import type { VolumeBackupPoint } from '../../manifest/schema.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Log } from '../../openstack/log.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import type { Leftover } from '../../temporaries/leftovers.ts';
import { encryptionOf, typeIdOf } from './preflight.ts';
import { restorePoint } from './restore-point.ts';

/**
 * Restore points of whole backups that runs before did not live to record. Their volumes are described as they are now;
 * a backup whose volume is gone stays as it is, and can be restored by its id.
 */
export async function adopt(
  client: ServiceClient,
  leftovers: readonly Leftover[],
  volumes: readonly Volume[],
  types: readonly VolumeType[],
  log: Log,
): Promise<VolumeBackupPoint[]> {
  const points: VolumeBackupPoint[] = [];
  for (const leftover of leftovers) {
    if (leftover.action !== 'adopt') continue;
    const { backup, tags } = leftover;
    const volume = volumes.find(({ id }) => id === backup.volumeId);
    if (volume === undefined) {
      log.warn(
        `backup ${backup.id} of a run that is dead is whole and its volume gone: restore-volume --backup brings it back`,
      );
      continue;
    }
    try {
      const encryption = await encryptionOf(client, volume);
      const reason = `run ${tags.run} made it and did not live to record it`;
      points.push(
        restorePoint({
          volume,
          typeId: typeIdOf(volume, types),
          encryption,
          backup,
          tags,
          reason,
          seconds: 0,
        }),
      );
    } catch (error) {
      log.warn(`backup ${backup.id} of a run that is dead cannot be taken up: ${messageOf(error)}`);
    }
  }
  return points;
}
