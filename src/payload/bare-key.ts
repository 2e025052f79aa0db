import { InputError } from '../errors.ts';
import type { PayloadStore } from './store.ts';

/**
 * Refuses to let a key leave the process unsealed.
 *
 * @param what whose key it is, for the message
 * @throws InputError if there are no recipients
 */
export function refuseBareKey({ sealed }: PayloadStore, what: string): void {
  if (!sealed)
    throw new InputError(
      `${what} is encrypted, and its key leaves the cloud only sealed: no recipients given`,
      'Give one or more age recipients with `recipients`; age-keygen makes a key pair.',
    );
}
