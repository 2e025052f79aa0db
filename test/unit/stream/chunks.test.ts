import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { opener, sealer } from '../../../src/keys/age.ts';
import { unpacked } from '../../../src/payload/unpack.ts';
import { allOf, once, peek } from '../../../src/stream/chunks.ts';

/** A source as a file is: open from the first read until it is closed. */
function file(...pieces: readonly Uint8Array[]) {
  const seen = { open: false };
  const bytes = (async function* () {
    seen.open = true;
    try {
      yield* pieces;
    } finally {
      seen.open = false;
    }
  })();
  return { seen, bytes };
}

const sealedTo = async (identity: string) =>
  (await sealer([await identityToRecipient(identity)])).seal(Buffer.from('the bytes'));

describe('a source whose first bytes were looked at', () => {
  test('is closed with the stream, also where nobody read of it', async () => {
    const { seen, bytes } = file(Buffer.from('abc'), Buffer.from('def'));
    const { head, stream } = await peek(bytes, () => 2);
    expect([head.toString(), seen.open]).toEqual(['abc', true]);
    await stream.return();
    expect(seen.open).toBe(false);
  });

  test('is closed where reading stops in the middle', async () => {
    const { seen, bytes } = file(Buffer.from('abc'), Buffer.from('def'));
    for await (const piece of (await peek(bytes, () => 2)).stream) {
      expect([Buffer.from(piece).toString(), seen.open]).toEqual(['abc', true]);
      break;
    }
    expect(seen.open).toBe(false);
  });

  test.each(['', 'age-encryption.org/v1\nno header', 'sealed'])(
    'of %j that no identity opens is closed',
    async (what) => {
      const { seen, bytes } = file(
        what === 'sealed' ? await sealedTo(await generateIdentity()) : Buffer.from(what),
      );
      const { stream } = await opener(await generateIdentity(), 'it');
      await expect(allOf(stream(bytes, 'it'))).rejects.toThrow(
        /is not sealed to this|not a complete age file/,
      );
      expect(seen.open).toBe(false);
    },
  );

  test('is closed where what it is packed in is looked at, and nothing more', async () => {
    const identity = await generateIdentity();
    const seal = await sealer([await identityToRecipient(identity)]);
    const whole = await seal.seal(Buffer.alloc(4 << 20));
    const { seen, bytes } = file(whole.subarray(0, 1 << 21), whole.subarray(1 << 21));
    const packed = await unpacked(bytes, () => opener(identity, 'it'), 'it');
    expect([packed.layers, seen.open]).toEqual([['age'], true]);
    await packed.bytes.return();
    expect(seen.open).toBe(false);
  });

  test('comes whole, whatever was asked for', async () => {
    const { stream } = await peek(once(Buffer.from('abc')), () => 10);
    expect((await allOf(stream)).toString()).toBe('abc');
  });
});
