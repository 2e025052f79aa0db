import { OperationError } from '../errors.ts';
import type { SecretPoint } from '../manifest/schema.ts';
import { LONGEST_PAYLOAD } from '../openstack/keymanager/v1/secrets.ts';
import { allOf } from '../stream/chunks.ts';
import type { PayloadStore } from './store.ts';

/**
 * The bytes of a saved key, checked against the manifest.
 *
 * @param hide is told the bytes, so that no output shows them
 * @throws InputError if it is not in the store, or sealed to others
 * @throws OperationError if it was altered, or is larger than any key
 */
export async function openKey(
  hide: (bytes: Buffer) => void,
  store: Pick<PayloadStore, 'open'>,
  { payload }: Pick<SecretPoint, 'payload'>,
): Promise<Buffer> {
  // The stream ends at this size.
  if (payload.size > LONGEST_PAYLOAD)
    throw new OperationError(
      `payload ${payload.name} has ${payload.size} bytes, but no key has more than ${LONGEST_PAYLOAD}`,
      'The manifest was altered, or names the payload of something else: use another copy of it.',
    );
  const bytes = await allOf(await store.open(payload));
  hide(bytes);
  return bytes;
}
