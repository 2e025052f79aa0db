import type { KeyWishes } from '../backup/secret/choose.ts';
import { secrets } from '../backup/secret/kind.ts';
import { InputError } from '../errors.ts';
import { tagsOf } from '../inputs/tag.ts';
import type { Context } from './context.ts';
import { type StoreGiven, savingStore } from './places/storing.ts';
import { type SavingGiven, save } from './saving/saving.ts';

type Given = Omit<SavingGiven, 'concurrency'> & KeyWishes & StoreGiven & { readonly plaintext: boolean };

/** How many keys to read at the same time. */
const AT_ONCE = 4;

export async function exportSecrets(context: Context, given: Given) {
  refuseBareKeys(context, given);
  const tags = tagsOf(given);
  const payloads = await savingStore(context, { ...given, compression: 'none' });
  return save(context, secrets, { ...given, concurrency: AT_ONCE }, { ...given, payloads, tags });
}

/** @throws InputError if a key would leave the process in clear without an explicit request */
function refuseBareKeys({ host }: Context, given: Given): void {
  // Also covers a step that runs the program itself.
  const inWorkflow = host.github !== undefined || host.environment['GITHUB_ACTIONS'] === 'true';
  if (given.plaintext && inWorkflow)
    throw new InputError(
      '`plaintext` works only in a terminal: in a workflow, the key would lie in clear on a machine that is not yours',
      'Seal the keys with `recipients`.',
    );
  if (given.plaintext && given.recipients.length > 0)
    throw new InputError(
      '`plaintext` and `recipients` contradict each other',
      'Leave `plaintext` out: sealed keys can be opened with age.',
    );
  if (!given.plaintext && given.recipients.length === 0)
    throw new InputError(
      'no recipients given',
      'Give one or more age recipients with `recipients`; age-keygen makes a key pair. Keys are written in clear only with `plaintext: true`.',
    );
}
