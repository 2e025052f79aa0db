import type { SavedDisk, VolumeBackupPoint } from '../../manifest/schema.ts';
import { removeAll } from '../../temporaries/remove.ts';
import { type RestoreTools, restoreToNew } from '../volume/bring-back.ts';
import { putRight, settle } from '../volume/finish.ts';
import { type NewVolumePlan, planRestore } from '../volume/preflight.ts';
import { fromManifest } from '../volume/source.ts';
import type { BroughtBack, DiskJob } from './bring-back.ts';
import type { Mapping } from './mapping.ts';

/**
 * A volume of a server. What is made keeps the record of a temporary until the server stands.
 *
 * @throws InputError or OperationError when it cannot be restored
 */
export async function volumeDisk(
  saved: SavedDisk,
  point: VolumeBackupPoint,
  mapping: Mapping,
  tools: RestoreTools,
): Promise<DiskJob> {
  const { type, availabilityZone } = point.resource;
  const plan = await planRestore(tools.client, fromManifest(point), {
    to: undefined,
    overwrite: false,
    name: undefined,
    type: mapping.of('type', type.id, type.name),
    availabilityZone: mapping.of('availability-zone', availabilityZone),
  });
  if (plan.kind !== 'new') throw new TypeError('a disk of a server is always a new volume');
  return { saved, gigabytes: plan.source.size, bring: () => bring(plan, tools) };
}

async function bring(plan: NewVolumePlan, tools: RestoreTools): Promise<BroughtBack> {
  const { client, log } = tools;
  const { source, name } = plan;
  const restored = await restoreToNew(plan, tools);
  const remove = async () => {
    const { id, status } = restored;
    await removeAll(client.session, [{ kind: 'volume', id, name, status }], {
      removed: () => log.info(`volume ${id}, made for the restore, is removed again`),
      refused: (_, why) =>
        log.warn(`volume ${id}, made for the restore, cannot be removed now, the next run does it: ${why}`),
    });
  };
  try {
    const volume = await putRight(client, restored, source);
    return {
      id: volume.id,
      settle: async () => {
        await settle(client, volume, source, name);
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
