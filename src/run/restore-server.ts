import type { ServerRestoreWishes } from '../restore/server/choose.ts';
import { serverRestoring } from '../restore/server/kind.ts';
import { parseMapping } from '../restore/server/mapping.ts';
import type { Context } from './context.ts';
import { namedStore } from './places/storing.ts';
import { type RestoringGiven, restore } from './restoring.ts';

type Given = RestoringGiven & Omit<ServerRestoreWishes, 'mapping'> & { readonly map: readonly string[] };

export async function restoreGivenServer(context: Context, given: Given) {
  const wishes = { ...given, mapping: parseMapping(given.map) };
  return restore(context, serverRestoring, given, wishes, await namedStore(context, given));
}
