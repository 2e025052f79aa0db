import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { Place } from '../../store/place.ts';
import { allOf, once } from '../../stream/chunks.ts';

const BYTES = Buffer.from('openstack-backup was here\n');

/**
 * Writes an object, reads it back and removes it. A name that stays, of a run that died, is removed by `prune`.
 *
 * @returns when that was, by the place's clock: milliseconds since the epoch
 * @throws what the place throws, and OperationError if it gives back something else
 */
export async function probe(place: Place): Promise<number> {
  const name = `pruned/${randomUUID()}-0`;
  try {
    await place.put(name, once(BYTES));
    const seen = await place.head(name);
    if (seen !== undefined && (await allOf((await place.get(name)).bytes)).equals(BYTES))
      return seen.modified;
    throw new OperationError(
      `${place.name} does not give back what was just put there`,
      'Ask whoever runs it.',
    );
  } finally {
    await place.remove(name);
  }
}
