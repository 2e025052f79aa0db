import type { Manifest, SavedDisk, VolumePoint } from '../../manifest/schema.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { RestoreTools } from '../volume/environment.ts';
import { planRestore } from '../volume/plan.ts';
import { planFromImage } from '../volume/plan-from-image.ts';
import { bringBackVolume, gigabytesOf, missingOf, type NewPlan } from '../volume/restore.ts';
import { fromManifest } from '../volume/source.ts';
import type { Mapping } from './mapping.ts';
import type { DiskJob } from './restore.ts';

/**
 * A volume of a server. It is the user's as soon as it has its data.
 *
 * @param reader where payloads are read; undefined where no store is named
 * @throws InputError or OperationError when it cannot be restored
 */
export async function volumeDisk(
  manifest: Manifest,
  saved: SavedDisk,
  point: VolumePoint,
  mapping: Mapping,
  reader: PayloadStore | undefined,
  tools: RestoreTools,
): Promise<DiskJob> {
  const plan = await planVolume(manifest, point, mapping, reader, tools);
  return {
    saved,
    resource: point.resource.id,
    isThere: false,
    gigabytes: gigabytesOf(plan),
    bring: async (onBytes) => {
      const { volume, undone, unseen } = await bringBackVolume(plan, { ...tools, onBytes });
      return { id: volume.id, name: volume.name, isNew: true, missing: missingOf(plan), undone, unseen };
    },
  };
}

async function planVolume(
  manifest: Manifest,
  point: VolumePoint,
  mapping: Mapping,
  reader: PayloadStore | undefined,
  { client }: RestoreTools,
): Promise<NewPlan> {
  const { type, availabilityZone } = point.resource;
  const wishes = {
    name: undefined,
    type: mapping.of('type', type.id, type.name),
    availabilityZone: mapping.of('availability-zone', availabilityZone),
  };
  if (point.method === 'image') return planFromImage(client.session, manifest, point, reader, wishes);
  const plan = await planRestore(client, fromManifest(point), { ...wishes, to: undefined, overwrite: false });
  if (plan.kind === 'overwrite') throw new TypeError('a disk of a server is always a new volume');
  return plan;
}
