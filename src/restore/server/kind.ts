import type { RestoringKind } from '../kind.ts';
import { serverNamesakes, volumeNamesakes } from '../namesakes.ts';
import { chooseServer, type ServerChoice, type ServerRestoreWishes } from './choose.ts';
import { gigabytesOfDisks, planServer, type ServerRestorePlan } from './plan.ts';
import { type RestoredServer, restoreServer } from './restore.ts';
import { plannedServer, type ServerOutput, showServer, tellServer } from './show.ts';

export const serverRestoring: RestoringKind<
  ServerRestoreWishes,
  ServerChoice,
  ServerRestorePlan,
  RestoredServer,
  ServerOutput
> = {
  kind: 'server',
  wanted: ({ server }) => server,
  choose: chooseServer,
  async plan(session, chosen, wishes, store) {
    const plan = await planServer(session, chosen, wishes, store);
    const volumes = plan.disks.flatMap((disk) => (disk.from === 'backup' ? [disk.plan.name] : []));
    const namesakes = [
      ...(await serverNamesakes(session, plan.name)),
      ...(await volumeNamesakes(session, volumes)),
    ];
    return { ...plan, namesakes };
  },
  show: showServer,
  planned: plannedServer,
  amountOf: ({ disks }) => ({ doing: 'restoring', items: disks.length, gigabytes: gigabytesOfDisks(disks) }),
  restore: restoreServer,
  tell: tellServer,
};
