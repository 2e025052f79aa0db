import { OperationError } from '../../errors.ts';
import { headerLength, keyOpens, luksVersion } from '../../keys/unlock.ts';
import type { Payload } from '../../manifest/schema.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { peek } from '../../stream/chunks.ts';

/** A key, as the manifest describes it, and its bytes. */
export interface OpenedKey {
  readonly saved: { readonly id: string; readonly secretType: string };
  readonly bytes: Uint8Array;
}

/**
 * The first bytes of a payload. Of an encrypted one, enough to try its key, which is tried before anything is made
 * in the cloud.
 *
 * @param atLeast bytes; fewer if there are no more
 * @param key of an encrypted one
 * @throws InputError if it is not in the store, or is sealed to others
 * @throws OperationError if it was altered, or the key does not open it
 */
export async function headOfPayload(
  store: PayloadStore,
  payload: Payload,
  atLeast: number,
  key: OpenedKey | undefined,
  signal?: AbortSignal,
): Promise<Buffer> {
  return headOfStream(await store.open(payload), atLeast, key, `payload ${payload.name}`, signal);
}

/**
 * The same for any stream, which is read no further.
 *
 * @param what whose bytes they are, for the message
 */
export async function headOfStream(
  source: AsyncIterable<Uint8Array>,
  atLeast: number,
  key: OpenedKey | undefined,
  what: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  const need = (head: Buffer) =>
    key === undefined || head.length < atLeast ? atLeast : Math.max(atLeast, headerLength(head));
  const { head, stream } = await peek(source, need);
  await stream.return();
  if (key === undefined) return head;
  if (luksVersion(head) === undefined || !(await keyOpens(head, key.bytes, key.saved.secretType, signal)))
    throw new OperationError(
      `key ${key.saved.id} does not open ${what}`,
      'The data could not be opened on a volume: use another restore point. Nothing was changed.',
    );
  return head;
}
