import type { VolumePoint } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { type RestoreTools, restoreOver, restoreToNew } from './bring-back.ts';
import type { Wanted } from './finish.ts';
import { restoreFromImage } from './from-image.ts';
import type { FromImagePlan } from './image-preflight.ts';
import type { NewVolumePlan, RestorePlan } from './preflight.ts';

/** All ways to a volume. */
export type VolumePlan = RestorePlan | FromImagePlan;
/** Those to a volume that is made for it. */
export type NewPlan = NewVolumePlan | FromImagePlan;

export interface AnyWayTools extends RestoreTools {
  /** Told of bytes as they flow, where they do. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Brings a volume back the way that was planned. One that is made for it still carries the record of a temporary; one
 * that is not brought to its end is removed again.
 */
export function bringBackVolume(plan: VolumePlan, tools: AnyWayTools): Promise<Volume> {
  switch (plan.kind) {
    case 'new':
      return restoreToNew(plan, tools);
    case 'overwrite':
      return restoreOver(plan, tools);
    case 'image':
      return restoreFromImage(plan, { ...tools, session: tools.client.session });
  }
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

/** What a volume is restored from, in words. */
export function originOf(plan: VolumePlan): string {
  if (plan.kind !== 'image') return `backup ${plan.source.backupId}`;
  return plan.payload === undefined ? `image ${plan.point.image.id}` : `payload ${plan.payload.payload.name}`;
}
