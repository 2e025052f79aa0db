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
  const traits = traitsOf(plan);
  const { volume, unseen } = await filled(environment, plan, store, volumes, onBytes);
  try {
    checkEncryption(volume, traits);
  } catch (error) {
    if (plan.kind !== 'overwrite') await undoUnlike(environment, volume);
    throw error;
  }
  return { ...(await finishVolume(environment, volume, traits, plan.name)), unseen };
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
