import { InputError, OperationError } from '../../errors.ts';
import type { Place } from '../../store/place.ts';
import type { MapBuilder } from './map-write.ts';

/**
 * Looks whether the store still has all that a map is going to name.
 *
 * @param relies whether it names anything of earlier points
 * @throws OperationError if it has not
 * @throws InputError if it cannot be listed, and the map relies on earlier points. A job that may only add goes on
 */
export async function lookAgain(
  place: Place,
  folder: string,
  { objects, ids }: Pick<MapBuilder, 'objects' | 'ids'>,
  relies: boolean,
): Promise<void> {
  const missing = new Map([...objects, ...ids].map(({ name, size }) => [name, size]));
  try {
    for (const part of ['data', 'ids'])
      for await (const { name, size } of place.list(`${folder}/${part}/`))
        if (missing.get(name) === size) missing.delete(name);
  } catch (error) {
    if (!relies && error instanceof InputError) return;
    throw error;
  }
  const [first] = missing.keys();
  if (first === undefined) return;
  const others = missing.size === 1 ? '' : ` and ${missing.size - 1} others`;
  throw new OperationError(
    `${first}${others} went from ${place.name} while the disk was saved`,
    'A run that stands still for two days counts as interrupted, and `prune` removes what it stored. Run it again.',
  );
}
