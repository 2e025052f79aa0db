import { InputError } from '../../errors.ts';
import type { Manifest, VolumeImagePoint, VolumePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Namesake } from '../namesakes.ts';
import type { VolumeChoice, VolumeRestoreWishes } from './choose.ts';
import type { VolumeTraits } from './finish.ts';
import type { OverwritePlan } from './overwrite.ts';
import { type NewVolumePlan, planFromBackup } from './plan-from-backup.ts';
import { type FromImagePlan, planFromImage } from './plan-from-image.ts';
import { fromBackup, fromManifest } from './source.ts';

/** All ways to restore a volume. */
export type VolumeRestorePlan = NewPlan | OverwritePlan;
/** Those that make a new volume. */
export type NewPlan = (NewVolumePlan | FromImagePlan) & { readonly namesakes?: readonly Namesake[] };

/**
 * Decides how to restore, and refuses what would destroy or hide data. Changes nothing.
 *
 * @param store where payloads are read; undefined if no store is given
 * @throws InputError or OperationError
 */
export async function planVolume(
  session: Session,
  choice: VolumeChoice,
  wishes: VolumeRestoreWishes,
  store: PayloadStore | undefined,
): Promise<VolumeRestorePlan> {
  const client = await session.service('block-storage');
  if (choice.kind === 'backup') return planFromBackup(client, await fromBackup(client, choice.id), wishes);
  const { manifest, point } = choice;
  return point.method === 'image'
    ? planNewOf(session, manifest, point, wishes, store)
    : planFromBackup(client, fromManifest(point), wishes);
}

function planNewOf(
  session: Session,
  manifest: Manifest,
  point: VolumeImagePoint,
  wishes: VolumeRestoreWishes,
  store: PayloadStore | undefined,
): Promise<FromImagePlan> {
  if (wishes.to !== undefined || wishes.overwrite)
    throw new InputError(
      'the restore point is an image, and Cinder can make only new volumes from images',
      'Leave `to` and `overwrite` out, and attach the new volume in place of the old one.',
    );
  return planFromImage(session, manifest, point, wishes, store);
}

/** What the volume should be, besides its data. */
export function traitsOf(plan: VolumeRestorePlan): VolumeTraits {
  return plan.kind === 'image' ? recorded(plan.point) : plan.source;
}

function recorded({ resource }: VolumePoint): VolumeTraits {
  return {
    encrypted: resource.encryption !== null,
    bootable: resource.bootable,
    description: resource.description,
    metadata: resource.metadata,
    imageMetadata: resource.imageMetadata,
  };
}

/** GiB of the volume. */
export function gigabytesOf(plan: VolumeRestorePlan): number {
  return plan.kind === 'image' ? plan.size : plan.source.size;
}

/** What will differ from the original, in words. */
export function missingOfPlan(plan: VolumeRestorePlan): readonly string[] {
  return plan.kind === 'image' ? plan.missing : [];
}

/** What a volume is restored from, in words. */
export function originOf(plan: VolumeRestorePlan): string {
  if (plan.kind !== 'image') return `backup ${plan.source.backupId}`;
  const { point, source } = plan;
  return source.kind === 'kept' ? `image ${point.image.id}` : `payload ${source.payload.name}`;
}
