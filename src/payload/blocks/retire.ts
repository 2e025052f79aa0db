import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { Place } from '../../store/place.ts';
import { partOf, retiredName } from './names.ts';

/**
 * Removes a payload. A map or a checkpoint leaves a copy in `pruned/`, which names its objects for as long as a run may
 * still take them over, see clean.ts; until then it can be copied back. Payloads of layout `file` simply go.
 *
 * @param name what is not there counts as removed
 * @throws OperationError if it changed meanwhile; it stays
 */
export async function retire(place: Place, name: string): Promise<void> {
  const folder = partOf(name)?.folder;
  if (folder === undefined) return place.remove(name);
  try {
    const { size, bytes } = await place.get(name);
    // A copy of its own for each try: an old one would be over too soon.
    const stored = await place.put(retiredName(folder, randomUUID()), bytes);
    if (stored.size !== size)
      throw new OperationError(`${name} in ${place.name} changed while it was copied`, 'Try again.');
  } catch (error) {
    // Another run may prune at the same time.
    if ((await place.head(name)) === undefined) return;
    throw error;
  }
  await place.remove(name);
}
