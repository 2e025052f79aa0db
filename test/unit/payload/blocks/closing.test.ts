import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { opener, sealer } from '../../../../src/keys/age.ts';
import { Closer } from '../../../../src/payload/blocks/closing.ts';

const CHUNK = 65_536;
const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');

/** As `object-write.ts` lays it: behind each chunk is room for its tag. */
function laid(head: Uint8Array, plain: Buffer): Buffer {
  const chunks = Math.ceil(plain.length / CHUNK);
  const memory = Buffer.from(new SharedArrayBuffer(head.length + plain.length + 16 * chunks));
  memory.set(head);
  for (let index = 0; index < chunks; index += 1)
    memory.set(plain.subarray(index * CHUNK, (index + 1) * CHUNK), head.length + index * (CHUNK + 16));
  return memory;
}

describe('an object that is closed', () => {
  // Some in this thread, some in one of their own.
  it.each([1, CHUNK - 1, CHUNK, CHUNK + 1, 16 * CHUNK - 1, 16 * CHUNK, 20 * CHUNK, 20 * CHUNK + 1])(
    'of %d bytes is an age file where it lies, with its digests',
    async (size) => {
      const identity = await generateIdentity();
      const { head, key } = await (await sealer([await identityToRecipient(identity)])).begin();
      const plain = randomBytes(size);
      const memory = laid(head, plain);
      const closer = new Closer(['sha256', 'md5']);
      const digests = await closer.close({ memory, head: head.length, key });
      await closer.end();
      expect(digests).toEqual({ sha256: digest('sha256', memory), md5: digest('md5', memory) });
      const opened = await (await opener(identity, 'it')).open(memory, 'it');
      expect(opened.equals(plain)).toBe(true);
    },
  );

  it.each([1000, 3_000_000])('of %d bytes in clear stays as it is', async (size) => {
    const plain = randomBytes(size);
    const memory = Buffer.from(new SharedArrayBuffer(size));
    memory.set(plain);
    const closer = new Closer(['sha256']);
    const digests = await closer.close({ memory, head: 0, key: undefined });
    await closer.end();
    expect(memory.equals(plain)).toBe(true);
    expect(digests).toEqual({ sha256: digest('sha256', plain) });
  });

  it('is not, if the thread ended', async () => {
    const closer = new Closer(['sha256']);
    const memory = Buffer.from(new SharedArrayBuffer(3_000_000));
    const closed = closer.close({ memory, head: 0, key: undefined });
    const failed = expect(closed).rejects.toThrow('a thread that seals objects ended');
    await closer.end();
    await failed;
  });
});
