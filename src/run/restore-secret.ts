import type { SecretWishes } from '../restore/secret/choose.ts';
import { secrets } from '../restore/secret/kind.ts';
import type { Context } from './context.ts';
import { type RestoringGiven, restore } from './restoring.ts';
import { restoringStore } from './storing.ts';

type Given = RestoringGiven & SecretWishes;

export async function restoreGivenSecrets(context: Context, given: Given) {
  return restore(context, secrets, given, given, restoringStore(context, given));
}
