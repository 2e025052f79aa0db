import { InputError } from '../errors.ts';
import type { Sealer } from '../keys/age.ts';
import type { Payload } from '../manifest/schema.ts';
import type { PayloadSink } from '../store/store.ts';

/** Where the bytes of a run go that leave the cloud, and how they are packed. */
export interface Payloads {
  readonly sink: PayloadSink;
  readonly compression: Payload['compression'];
  /** To the recipients; undefined: bytes of images lie in clear, and no key leaves the cloud. */
  readonly sealer: Sealer | undefined;
}

/**
 * A key leaves the process sealed, or not at all.
 *
 * @param what whose key it is, for the message
 * @throws InputError where there is nobody to seal to
 */
export function refuseBareKey({ sealer }: Payloads, what: string): void {
  if (sealer === undefined)
    throw new InputError(
      `${what} is encrypted, and its data is worth nothing without its key, which leaves the cloud only sealed`,
      'Name one or more age recipients with `recipients`: age-keygen makes a pair.',
    );
}
