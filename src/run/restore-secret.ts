import type { SecretRestoreWishes } from '../restore/secret/choose.ts';
import { secretRestoring } from '../restore/secret/kind.ts';
import type { Context } from './context.ts';
import { restoringStore } from './places/storing.ts';
import { type RestoringGiven, restore } from './restoring.ts';

type Given = RestoringGiven & SecretRestoreWishes;

export async function restoreGivenSecrets(context: Context, given: Given) {
  return restore(context, secretRestoring, given, given, await restoringStore(context, given));
}
