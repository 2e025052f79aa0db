import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import { hasStatus } from '../../openstack/errors.ts';
import type { Place } from '../../store/place.ts';
import { allOf, once } from '../../stream/chunks.ts';

const BYTES = Buffer.from('openstack-backup was here\n');

/**
 * Writes an object, reads it back and removes it. A name that stays, of a run that died, is removed by `prune`.
 *
 * @param onLeft called with the name if the store forbids to remove it; without it that is an error
 * @returns when that was, by the place's clock: milliseconds since the epoch
 * @throws what the place throws, and OperationError if it gives back something else
 */
export async function probe(place: Place, onLeft?: (name: string) => void): Promise<number> {
  const name = `pruned/${randomUUID()}-0`;
  let at: number;
  try {
    at = await putAndRead(place, name);
  } catch (error) {
    await place.remove(name).catch(() => undefined);
    throw error;
  }
  await place.remove(name).catch((error: unknown) => {
    if (onLeft === undefined || !hasStatus(error, 403)) throw error;
    onLeft(name);
  });
  return at;
}

async function putAndRead(place: Place, name: string): Promise<number> {
  await place.put(name, once(BYTES));
  const seen = await place.head(name);
  // A range, so that no store can send more than was put.
  if (seen?.size === BYTES.length) {
    const { bytes } = await place.get(name, { start: 0, end: BYTES.length });
    if ((await allOf(bytes)).equals(BYTES)) return seen.modified;
  }
  throw new OperationError(
    `${place.name} does not give back what was just put there`,
    'Ask whoever runs it.',
  );
}
