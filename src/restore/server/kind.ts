import type { RestoringKind } from '../kind.ts';
import { chooseServer, type ServerChoice, type ServerWishes } from './choose.ts';
import { gigabytesOf, planServer, type ServerRestorePlan } from './plan.ts';
import { type RestoredServer, restoreServer } from './restore.ts';
import { type ServerOutput, showServer, tellServer } from './show.ts';

export const servers: RestoringKind<
  ServerWishes,
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
  amountOf: ({ disks }) => ({ doing: 'restoring', items: disks.length, gigabytes: gigabytesOf(disks) }),
  restore: restoreServer,
  tell: tellServer,
};
