import { opener } from '../keys/age.ts';
import type { Payload } from '../manifest/schema.ts';
import type { PayloadSource } from '../store/store.ts';
import { openPayload } from './open.ts';

/** Where the bytes of a restore come from, and what opens them. */
export interface PayloadReader {
  readonly source: PayloadSource;
  /** age identities, for what is sealed. */
  readonly identity: string | undefined;
}

/**
 * The plain bytes of a payload; what is made of them must not be used before the end, see {@link openPayload}.
 *
 * @throws InputError where it is not in the store, or is sealed to others
 */
export async function plainBytes(
  { source, identity }: PayloadReader,
  payload: Payload,
): Promise<AsyncGenerator<Uint8Array, void>> {
  const opened = payload.sealed ? await opener(identity, `payload ${payload.name}`) : undefined;
  return openPayload(source, payload, opened);
}
