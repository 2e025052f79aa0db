import type { Environment } from '../../environment.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Watcher } from '../../openstack/watcher.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { laterOfVolume } from '../../temporaries/staying.ts';
import { undo } from '../../temporaries/undo.ts';
import { checkEncryption, type FinishedVolume, finishVolume } from './finish.ts';
import { restoreOver, restoreToNew } from './from-backup.ts';
import { type Filled, restoreFromImage } from './from-image.ts';
import { traitsOf, type VolumeRestorePlan } from './plan.ts';

/** A restored volume, with all its data; it belongs to the user. */
export type RestoredVolume = FinishedVolume & Pick<Filled, 'unseen'>;

/**
 * Restores a volume as planned. Removes one whose data is not completed; one that has its data stays, whatever fails
 * afterwards.
 *
 * @param volumes watches all that are restored at the same time
 * @param onBytes called with the number of bytes as they come from a store
 */
export async function restoreVolume(
  environment: Environment,
  plan: VolumeRestorePlan,
  store: PayloadStore | undefined,
  volumes: Watcher<Volume>,
  onBytes: (count: number) => void,
): Promise<RestoredVolume> {
  const { volume, unseen } = await fillVolume(environment, plan, store, volumes, onBytes);
  return { ...(await finishVolume(environment, volume, traitsOf(plan), plan.name)), unseen };
}

/** The same, up to the last touch: the volume has its data, and still carries the record of a temporary. */
export async function fillVolume(
  environment: Environment,
  plan: VolumeRestorePlan,
  store: PayloadStore | undefined,
  volumes: Watcher<Volume>,
  onBytes: (count: number) => void,
): Promise<Filled> {
  const all = await filled(environment, plan, store, volumes, onBytes);
  try {
    checkEncryption(all.volume, traitsOf(plan));
  } catch (error) {
    if (plan.kind !== 'overwrite') await undoUnlike(environment, all.volume);
    throw error;
  }
  return all;
}

async function filled(
  environment: Environment,
  plan: VolumeRestorePlan,
  store: PayloadStore | undefined,
  volumes: Watcher<Volume>,
  onBytes: (count: number) => void,
): Promise<Filled> {
  switch (plan.kind) {
    case 'new':
      return { volume: await restoreToNew(environment, plan, volumes), unseen: [] };
    case 'overwrite':
      return { volume: await restoreOver(environment, plan, volumes), unseen: [] };
    case 'image':
      return restoreFromImage(environment, plan, store, volumes, onBytes);
  }
}

async function undoUnlike({ session, log }: Environment, volume: Volume): Promise<void> {
  const { id } = volume;
  const what = `volume ${id}, made for the restore`;
  const made = { kind: 'volume', id, what, later: laterOfVolume(volume) } as const;
  await undo(session, [made], { removed: () => log.info(`${what}, is being removed`) });
}
