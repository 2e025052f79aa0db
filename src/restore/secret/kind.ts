import type { RestoringKind } from '../kind.ts';
import { chooseSecrets, type SecretChoice, type SecretRestoreWishes } from './choose.ts';
import { planSecrets, type SecretRestorePlan } from './plan.ts';
import { type RestoredSecrets, restoreSecrets } from './restore.ts';
import { plannedSecrets, type SecretOutput, showSecrets, tellSecrets } from './show.ts';

export const secretRestoring: RestoringKind<
  SecretRestoreWishes,
  SecretChoice,
  readonly SecretRestorePlan[],
  RestoredSecrets,
  SecretOutput
> = {
  kind: 'secret',
  wanted: ({ secrets }) => secrets[0],
  choose: chooseSecrets,
  plan: planSecrets,
  show: showSecrets,
  planned: plannedSecrets,
  amountOf: () => undefined,
  restore: (environment, plans, _reader, to) => restoreSecrets(environment, plans, to),
  tell: tellSecrets,
};
