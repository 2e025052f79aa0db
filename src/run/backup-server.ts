import { servers } from '../backup/server/kind.ts';
import type { Values } from '../inputs/table.ts';
import type { volumeInputs } from '../inputs/volumes.ts';
import { parseSelectors } from '../plan/select.ts';
import type { Context } from './context.ts';
import { type SavingGiven, save } from './saving.ts';
import { savingStore } from './storing.ts';

type Given = SavingGiven & Values<typeof volumeInputs> & { readonly servers: readonly string[] };

export async function backupServers(context: Context, given: Given) {
  const selectors = parseSelectors('server', given.servers);
  const payloads = given.store === undefined ? undefined : await savingStore(context, given);
  const { mode, method, 'max-chain': maxChain } = given;
  return save(context, servers, given, { selectors, mode, method, maxChain, payloads }, payloads);
}
