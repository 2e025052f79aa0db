import { watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import { shareOf } from '../../ports/share.ts';
import type { RestoringKind } from '../kind.ts';
import { volumeNamesakes } from '../namesakes.ts';
import { chooseBackup, chooseVolume, type VolumeChoice, type VolumeRestoreWishes } from './choose.ts';
import { gigabytesOf, planVolume, type VolumeRestorePlan } from './plan.ts';
import { type RestoredVolume, restoreVolume } from './restore.ts';
import { plannedVolume, showVolume, tellVolume, type VolumeOutput } from './show.ts';

export const volumeRestoring: RestoringKind<
  VolumeRestoreWishes,
  VolumeChoice,
  VolumeRestorePlan,
  RestoredVolume,
  VolumeOutput
> = {
  kind: 'volume',
  wanted: ({ volume }) => volume,
  choose: chooseVolume,
  chooseBare: chooseBackup,
  async plan(session, chosen, wishes, store) {
    const plan = await planVolume(session, chosen, wishes, store);
    if (plan.kind === 'overwrite') return plan;
    return { ...plan, namesakes: await volumeNamesakes(session, [plan.name]) };
  },
  show: showVolume,
  planned: plannedVolume,
  amountOf: (plan) => ({ doing: 'restoring', items: 1, gigabytes: gigabytesOf(plan) }),
  async restore(environment, plan, store, to) {
    const share = shareOf(gigabytesOf(plan), to);
    const watcher = watchVolumes(await environment.session.service('block-storage'));
    const restored = await restoreVolume(environment, plan, store, watcher, share.onBytes);
    share.done();
    return restored;
  },
  tell: tellVolume,
};
