import type { Manifest, SavedDisk, VolumePoint } from '../../manifest/schema.ts';
import { removeAll } from '../../temporaries/remove.ts';
import type { PayloadReader } from '../payloads.ts';
import { type AnyWayTools, bringBackVolume, gigabytesOf, type NewPlan, wantedOf } from '../volume/any-way.ts';
import { putRight, settle } from '../volume/finish.ts';
import { planFromImage } from '../volume/image-preflight.ts';
import { planRestore } from '../volume/preflight.ts';
import { fromManifest } from '../volume/source.ts';
import type { BroughtBack, DiskJob } from './bring-back.ts';
import type { Mapping } from './mapping.ts';

/**
 * A volume of a server. What is made keeps the record of a temporary until the server stands.
 *
 * @param reader where payloads are read; undefined where no store is named
 * @throws InputError or OperationError when it cannot be restored
 */
export async function volumeDisk(
  manifest: Manifest,
  saved: SavedDisk,
  point: VolumePoint,
  mapping: Mapping,
  reader: PayloadReader | undefined,
  tools: AnyWayTools,
): Promise<DiskJob> {
  const plan = await planVolume(manifest, point, mapping, reader, tools);
  return {
    saved,
    gigabytes: gigabytesOf(plan),
    bring: (onBytes) => bring(plan, { ...tools, onBytes }),
  };
}

async function planVolume(
  manifest: Manifest,
  point: VolumePoint,
  mapping: Mapping,
  reader: PayloadReader | undefined,
  { client, run }: AnyWayTools,
): Promise<NewPlan> {
  const { type, availabilityZone } = point.resource;
  const wishes = {
    name: undefined,
    type: mapping.of('type', type.id, type.name),
    availabilityZone: mapping.of('availability-zone', availabilityZone),
  };
  if (point.method === 'image') return planFromImage(client.session, manifest, point, reader, wishes, run);
  const plan = await planRestore(client, fromManifest(point), { ...wishes, to: undefined, overwrite: false });
  if (plan.kind === 'overwrite') throw new TypeError('a disk of a server is always a new volume');
  return plan;
}

async function bring(plan: NewPlan, tools: AnyWayTools): Promise<BroughtBack> {
  const { client, log } = tools;
  const wanted = wantedOf(plan);
  const restored = await bringBackVolume(plan, tools);
  const remove = async () => {
    const { id, status } = restored;
    await removeAll(client.session, [{ kind: 'volume', id, name: plan.name, status }], {
      removed: () => log.info(`volume ${id}, made for the restore, is removed again`),
      refused: (_, why) =>
        log.warn(`volume ${id}, made for the restore, cannot be removed now, the next run does it: ${why}`),
    });
  };
  try {
    const volume = await putRight(client, restored, wanted);
    return {
      id: volume.id,
      settle: async () => {
        await settle(client, volume, wanted, plan.name);
        return [];
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
