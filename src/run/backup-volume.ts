import { volumes } from '../backup/volume/kind.ts';
import type { Values } from '../inputs/table.ts';
import type { volumeInputs } from '../inputs/volumes.ts';
import { parseSelectors } from '../plan/select.ts';
import type { Context } from './context.ts';
import { type SavingGiven, save } from './saving.ts';
import { savingStore } from './storing.ts';

type Given = SavingGiven & Values<typeof volumeInputs> & { readonly volumes: readonly string[] };

export async function backupVolumes(context: Context, given: Given) {
  const selectors = parseSelectors('volume', given.volumes);
  const payloads = given.store === undefined ? undefined : await savingStore(context, given);
  const { mode, method, 'max-chain': maxChain } = given;
  return save(context, volumes, given, { selectors, mode, method, maxChain, payloads }, payloads);
}
