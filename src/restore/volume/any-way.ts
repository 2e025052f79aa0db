import type { VolumePoint } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { removeAll, tellOfStaying } from '../../temporaries/remove.ts';
import { restoreOver, restoreToNew } from './bring-back.ts';
import { putRight, settle, type Wanted } from './finish.ts';
import { restoreFromImage } from './from-image.ts';
import type { FromImagePlan } from './image-preflight.ts';
import type { NewVolumePlan, RestorePlan } from './plan.ts';
import type { RestoreTools } from './tools.ts';

/** All ways to a volume. */
export type VolumePlan = RestorePlan | FromImagePlan;
/** Those to a volume that is made for it. */
export type NewPlan = NewVolumePlan | FromImagePlan;

/** A volume that is back. One that was made for it still carries the record of a temporary. */
export interface RestoredVolume {
  readonly id: string;
  /** The last step: gives it its name, and takes the record off. */
  settle(): Promise<Volume>;
  /** Deletes what was made. What the cloud refuses is told; the next run finds it by its record, unless it is settled. */
  remove(settled?: boolean): Promise<void>;
}

/** Brings a volume back the way that was planned. One that is not brought to its end is removed again. */
export async function bringBackVolume(plan: VolumePlan, tools: RestoreTools): Promise<RestoredVolume> {
  const { client } = tools;
  const wanted = wantedOf(plan);
  const restored = await restore(plan, tools);
  const remove = async (settled = false) => {
    if (plan.kind !== 'overwrite') await removeVolume(restored, tools, settled);
  };
  try {
    const volume = await putRight(client, restored, wanted);
    return { id: volume.id, settle: () => settle(client, volume, wanted, plan.name, tools.run), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function restore(plan: VolumePlan, tools: RestoreTools): Promise<Volume> {
  switch (plan.kind) {
    case 'new':
      return restoreToNew(plan, tools);
    case 'overwrite':
      return restoreOver(plan, tools);
    case 'image':
      return restoreFromImage(plan, tools);
  }
}

async function removeVolume(
  { id, name, status }: Volume,
  { client: { session }, log }: RestoreTools,
  settled: boolean,
): Promise<void> {
  session.windUp();
  await removeAll(session, [{ kind: 'volume', id, name, status }], {
    removed: () => log.info(`volume ${id}, made for the restore, is removed again`),
    refused: (_, why) => tellOfStaying(log, `volume ${id}, made for the restore,`, why, !settled),
  });
}

/** What the volume shall be beside its data. */
export function wantedOf(plan: VolumePlan): Wanted {
  return plan.kind === 'image' ? recorded(plan.point) : plan.source;
}

function recorded({ resource }: VolumePoint): Wanted {
  return {
    encrypted: resource.encryption !== null,
    bootable: resource.bootable,
    description: resource.description,
    metadata: resource.metadata,
    imageMetadata: resource.imageMetadata,
  };
}

/** GiB of the volume. */
export function gigabytesOf(plan: VolumePlan): number {
  return plan.kind === 'image' ? plan.size : plan.source.size;
}

/** What will be otherwise than it was, in words. */
export function missingOf(plan: VolumePlan): readonly string[] {
  return plan.kind === 'image' ? plan.missing : [];
}

/** What a volume is restored from, in words. */
export function originOf(plan: VolumePlan): string {
  if (plan.kind !== 'image') return `backup ${plan.source.backupId}`;
  const { point, source } = plan;
  return source.kind === 'kept' ? `image ${point.image.id}` : `payload ${source.payload.name}`;
}
