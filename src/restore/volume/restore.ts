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

/** A volume that is back, with all its data, and the user's. */
export type RestoredVolume = FinishedVolume & Pick<Filled, 'unseen'>;

/**
 * Brings a volume back the way that was planned. One whose data is not brought to its end is removed again; one that has
 * its data stays, whatever fails then.
 *
 * @param volumes watches all that are restored at the same time
 * @param onBytes told of bytes as they flow, where they come from a store
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
