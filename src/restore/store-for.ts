import { InputError } from '../errors.ts';
import type { Payload } from '../manifest/schema.ts';
import type { PayloadStore } from '../payload/store.ts';
import { isDirectory } from '../store/place-name.ts';
import { forLog } from '../text/escape.ts';

/**
 * Where a payload is read.
 *
 * @param what is in it, for the message
 * @throws InputError if no store is given
 */
export function storeFor(
  { name, place }: Pick<Payload, 'name' | 'place'>,
  store: PayloadStore | undefined,
  what = 'the data of the restore point',
): PayloadStore {
  if (store !== undefined) return store;
  throw new InputError(
    `no store given: ${what} is in payload ${name}`,
    place === undefined
      ? 'Give the place where the backup put it with `store: directory:PATH`.'
      : `Give the place where the backup put it: \`store: ${isDirectory(place) ? 'directory:' : ''}${forLog(place)}\`.`,
  );
}
