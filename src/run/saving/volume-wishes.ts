import type { VolumeBackupWishes } from '../../backup/volume/plan.ts';
import type { Values } from '../../inputs/table.ts';
import { tagsOf } from '../../inputs/tag.ts';
import type { volumeInputs } from '../../inputs/volumes.ts';
import { parseSelectors } from '../../plan/select.ts';
import type { Context } from '../context.ts';
import { savingStore } from '../places/storing.ts';
import type { SavingGiven } from './saving.ts';

/** The inputs of every command that saves volumes. */
export type VolumeGiven = SavingGiven & Values<typeof volumeInputs>;

/**
 * Turns the inputs of a run into wishes.
 *
 * @param entries which volumes, as given
 * @throws InputError
 */
export async function volumeWishes(
  context: Context,
  kind: 'volume' | 'server',
  entries: readonly string[],
  given: VolumeGiven,
): Promise<VolumeBackupWishes> {
  const { mode, method, 'max-chain': maxChain } = given;
  const selectors = parseSelectors(kind, entries);
  const tags = tagsOf(given);
  const payloads = given.store === undefined ? undefined : await savingStore(context, given);
  return { selectors, mode, method, maxChain, payloads, tags, recipients: given.recipients.length > 0 };
}
