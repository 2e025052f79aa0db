import type { RestoringKind } from '../kind.ts';
import { chooseServer, type ServerChoice, type ServerRestoreWishes } from './choose.ts';
import { gigabytesOfDisks, planServer, type ServerRestorePlan } from './plan.ts';
import { type RestoredServer, restoreServer } from './restore.ts';
import { type ServerOutput, showServer, tellServer } from './show.ts';

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
  plan: planServer,
  show: showServer,
  amountOf: ({ disks }) => ({ doing: 'restoring', items: disks.length, gigabytes: gigabytesOfDisks(disks) }),
  restore: restoreServer,
  tell: tellServer,
};
