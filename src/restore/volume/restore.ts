import type { VolumePoint } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { laterOfVolume } from '../../temporaries/staying.ts';
import { undo } from '../../temporaries/undo.ts';
import type { RestoreTools } from './environment.ts';
import { checkEncryption, finish, type Wanted } from './finish.ts';
import { restoreOver, restoreToNew } from './from-backup.ts';
import { type Filled, restoreFromImage } from './from-image.ts';
import type { FromImagePlan } from './plan-from-image.ts';
import type { NewVolumePlan, RestorePlan } from './volume-plan.ts';

/** All ways to a volume. */
export type VolumePlan = RestorePlan | FromImagePlan;
/** Those to a volume that is made for it. */
export type NewPlan = NewVolumePlan | FromImagePlan;

/** A volume that is back, with all its data, and the user's. */
export interface RestoredVolume {
  readonly volume: Volume;
  /** What could not be done to it, in words. */
  readonly undone: readonly string[];
  /** What could not be seen of it, so that no server should get it, in words. */
  readonly unseen: readonly string[];
}

/**
 * Brings a volume back the way that was planned. One whose data is not brought to its end is removed again; one that has
 * its data stays, whatever fails then.
 */
export async function bringBackVolume(plan: VolumePlan, tools: RestoreTools): Promise<RestoredVolume> {
  const { client } = tools;
  const wanted = wantedOf(plan);
  const { volume: restored, unseen } = await restore(plan, tools);
  try {
    checkEncryption(restored, wanted);
  } catch (error) {
    if (plan.kind !== 'overwrite') await removeVolume(restored, tools);
    throw error;
  }
  return { ...(await finish(client, restored, wanted, plan.name, tools.run)), unseen };
}

async function restore(plan: VolumePlan, tools: RestoreTools): Promise<Filled> {
  switch (plan.kind) {
    case 'new':
      return { volume: await restoreToNew(plan, tools), unseen: [] };
    case 'overwrite':
      return { volume: await restoreOver(plan, tools), unseen: [] };
    case 'image':
      return restoreFromImage(plan, tools);
  }
}

async function removeVolume(volume: Volume, { client: { session }, log }: RestoreTools): Promise<void> {
  const { id } = volume;
  const made = {
    kind: 'volume',
    id,
    what: `volume ${id}, made for the restore`,
    later: laterOfVolume(volume),
  } as const;
  await undo(session, [made], { removed: ({ what }) => log.info(`${what}, is being removed again`) });
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
