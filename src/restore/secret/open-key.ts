import { OperationError } from '../../errors.ts';
import type { SecretPoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import { LONGEST_PAYLOAD } from '../../openstack/keymanager/v1/secrets.ts';
import type { PayloadStore } from '../../payload/store.ts';

/**
 * The bytes of a saved key, checked against the manifest. The sinks learn them, to hide them.
 *
 * @throws InputError if it is not in the store, or sealed to others
 * @throws OperationError if it was altered, or is larger than any key
 */
export async function openKey(
  session: Session,
  store: PayloadStore,
  { payload }: SecretPoint,
): Promise<Buffer> {
  // The stream ends at this size.
  if (payload.size > LONGEST_PAYLOAD)
    throw new OperationError(
      `payload ${payload.name} has ${payload.size} bytes, but no key has more than ${LONGEST_PAYLOAD}`,
      'The manifest was altered, or names the payload of something else: use another copy of it.',
    );
  const pieces: Uint8Array[] = [];
  for await (const piece of await store.open(payload)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  session.secret(bytes);
  return bytes;
}
