import { drillBytes } from '../../drill/bytes.ts';
import { storedParts } from '../../drill/candidates.ts';
import { InputError } from '../../errors.ts';
import type { Drilling, Trial } from './level.ts';

/** `bytes`, of any kind: all that is in the store is opened and read. */
export async function bytesLevel({ subject, store }: Drilling): Promise<Trial> {
  if (store === undefined) throw new InputError('no store given', 'Give the place of the data with `store`.');
  return {
    show: () => undefined,
    planned: undefined,
    async prove(watch, tools) {
      try {
        return await drillBytes(storedParts(subject), store, tools);
      } finally {
        watch.lap('checked');
      }
    },
  };
}
