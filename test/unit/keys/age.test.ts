import { execFileSync } from 'node:child_process';
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { InputError, OperationError } from '../../../src/errors.ts';
import { isSealed, type Opener, opener, type Sealer, sealer } from '../../../src/keys/age.ts';
import { unpacked } from '../../../src/payload/unpack.ts';
import { testWith } from '../../support/installed.ts';
import { piecesAt } from '../../support/pieces.ts';

const CHUNK = 65_536;
const SEALED_CHUNK = CHUNK + 16;
const NONCE = 16;
/** Around the sizes of chunks, and of the pieces that are given out at once. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 1_048_576, 1_114_113, 3_000_000];

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
let seal: Sealer;
let open: Opener;
beforeAll(async () => {
  seal = await sealer([recipient]);
  open = await opener(identity, 'it');
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all);
}

/** The header's end, behind which the nonce and the chunks lie. */
const payloadAt = (file: Buffer) => file.indexOf('\n', file.indexOf('\n--- ') + 1) + 1;
function parts(file: Buffer): { head: Buffer; chunks: Buffer[] } {
  const start = payloadAt(file) + NONCE;
  const chunks: Buffer[] = [];
  for (let at = start; at < file.length; at += SEALED_CHUNK)
    chunks.push(file.subarray(at, at + SEALED_CHUNK));
  return { head: file.subarray(0, start), chunks };
}

describe('an age file', () => {
  test.each(SIZES)('of %d bytes is opened by others, and theirs by us', async (size) => {
    const bytes = randomBytes(size);
    const ours = await read(seal.stream(pieces(bytes, 50_000)));
    expect(isSealed(ours)).toBe(true);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(ours)).equals(bytes)).toBe(true);

    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const theirs = Buffer.from(await encrypter.encrypt(bytes));
    expect(theirs.length).toBe(ours.length);
    for (const piece of [1000, 65_552, 10_000_000])
      expect((await read(open.stream(pieces(theirs, piece), 'x'))).equals(bytes)).toBe(true);
  });

  testWith('age')('in text, as `age --armor` writes it, is opened too', async () => {
    for (const size of [0, 1, 48, 65_536, 200_000]) {
      const bytes = randomBytes(size);
      const file = execFileSync('age', ['--encrypt', '--armor', '--recipient', recipient], { input: bytes });
      expect(isSealed(file)).toBe(true);
      const dos = Buffer.from(file.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
      for (const text of [file, dos])
        for (const piece of [1, 7, 1000, text.length])
          if (piece > 1 || size < 100)
            expect((await read(open.stream(pieces(text, piece), 'x'))).equals(bytes)).toBe(true);
      const { bytes: plain, layers } = await unpacked(pieces(file, 50), async () => open, 'x');
      expect([layers, (await read(plain)).equals(bytes)]).toEqual([['age'], true]);
      for (const length of [34, 100, file.length - 60])
        await expect(open.open(file.subarray(0, length), 'x')).rejects.toThrow('x cannot be opened');
    }
  });

  test('has a key of its own, also when many are made at once', async () => {
    const bytes = Buffer.alloc(100);
    const files = await Promise.all(Array.from({ length: 20 }, () => seal.seal(bytes)));
    expect(new Set(files.map((file) => file.subarray(0, payloadAt(file)).toString())).size).toBe(20);
    expect(new Set(files.map((file) => file.subarray(payloadAt(file)).toString('hex'))).size).toBe(20);
    const nonces = files.map((file) => parts(file).head.subarray(-NONCE).toString('hex'));
    expect(new Set(nonces).size).toBe(20);
    for (const file of files) expect((await open.open(file, 'x')).equals(bytes)).toBe(true);
  });

  test('is opened by each of its recipients, with any of several identities', async () => {
    const other = await generateIdentity();
    const both = await sealer([recipient, await identityToRecipient(other)]);
    const file = await both.seal(Buffer.from('hello'));
    const stranger = await generateIdentity();
    for (const text of [identity, other, `# a comment\n${stranger}\r\n\n${other}\n`])
      expect((await (await opener(text, 'it')).open(file, 'x')).toString()).toBe('hello');
    await expect((await opener(stranger, 'it')).open(file, 'the key')).rejects.toThrow(
      'the key is not sealed to this `identity`',
    );
  });
});

describe('an age file that comes in any pieces', () => {
  const short = Buffer.from('hello');
  const opened = (file: Buffer, cuts: readonly number[]) => read(open.stream(piecesAt(file, cuts), 'x'));

  test('is opened, cut at each of its bytes', async () => {
    const file = await seal.seal(short);
    for (let cut = 0; cut <= file.length; cut += 1)
      expect((await opened(file, [cut, cut])).equals(short)).toBe(true);
    const each = Array.from({ length: file.length }, (_, at) => at);
    expect((await opened(file, each)).equals(short)).toBe(true);
  });

  test('is opened, cut twice around the ends of its header, nonce, chunks and tags', async () => {
    for (const size of [2 * CHUNK + 1, 2 * CHUNK]) {
      const bytes = randomBytes(size);
      const file = await seal.seal(bytes);
      const start = payloadAt(file);
      const borders = [start, start + NONCE, ...[1, 2].map((count) => start + NONCE + count * SEALED_CHUNK)];
      const around = borders.flatMap((at) =>
        [-17, -16, -1, 0, 1, 16].map((by) => Math.min(at + by, file.length)),
      );
      for (const first of around)
        for (const second of around.filter((at) => at >= first))
          expect((await opened(file, [first, second])).equals(bytes)).toBe(true);
    }
  });

  test('is sealed of them, too', async () => {
    for (const size of [2 * CHUNK + 1, 2 * CHUNK]) {
      const bytes = randomBytes(size);
      const around = [0, CHUNK, 2 * CHUNK].flatMap((at) =>
        [-1, 0, 1].map((by) => Math.min(Math.max(at + by, 0), size)),
      );
      for (const first of around)
        for (const second of around.filter((at) => at >= first))
          expect(
            (await open.open(await read(seal.stream(piecesAt(bytes, [first, second]))), 'x')).equals(bytes),
          ).toBe(true);
    }
  });
});

describe('an age file that was altered', () => {
  const content = randomBytes(2 * CHUNK + 1000);
  const refused = async (bytes: Uint8Array) => {
    await expect(open.open(Buffer.from(bytes), 'it')).rejects.toThrow(
      /cannot be opened|is not sealed to this/,
    );
  };

  test('at any byte of its header and nonce is refused', async () => {
    const file = await seal.seal(Buffer.from('hello'));
    for (let at = 0; at < file.length; at += 1) {
      const changed = Buffer.from(file);
      changed.writeUInt8((file[at] ?? 0) ^ 1, at);
      await refused(changed);
    }
  });

  test('at any byte of a chunk is refused', async () => {
    const file = await seal.seal(content);
    const start = payloadAt(file) + NONCE;
    for (const at of [0, CHUNK - 1, CHUNK, SEALED_CHUNK - 1, SEALED_CHUNK, 2 * SEALED_CHUNK + 1015])
      await refused(Buffer.from(file).fill((file[start + at] ?? 0) ^ 0x80, start + at, start + at + 1));
  });

  test('gives the chunks before the altered one, and no byte of it', async () => {
    const file = await seal.seal(content);
    const { head, chunks } = parts(file);
    const [first = head, second = head, third = head] = chunks;
    const changed = Buffer.from(second);
    changed.writeUInt8((changed[0] ?? 0) ^ 1, 0);
    const came: Uint8Array[] = [];
    const reading = async () => {
      for await (const piece of open.stream(pieces(Buffer.concat([head, first, changed, third]), 9999), 'it'))
        came.push(piece);
    };
    await expect(reading()).rejects.toThrow('the piece at byte 65536 was altered');
    expect(Buffer.concat(came).equals(content.subarray(0, CHUNK))).toBe(true);
  });

  test.each<[string, (chunks: Buffer[]) => Buffer[]]>([
    ['in its order', ([a, b, c]) => [b, a, c] as Buffer[]],
    ['by leaving out the first', (chunks) => chunks.slice(1)],
    ['by leaving out one between', ([a, , c]) => [a, c] as Buffer[]],
    ['by leaving out the last', (chunks) => chunks.slice(0, -1)],
    ['by leaving out all', () => []],
    ['by repeating the last', (chunks) => [...chunks, ...chunks.slice(-1)]],
    ['by repeating the first', ([a, b, c]) => [a, a, b, c] as Buffer[]],
    ['by adding an empty one', (chunks) => [...chunks, Buffer.alloc(16)]],
    ['by adding a byte', (chunks) => [...chunks, Buffer.of(0)]],
    ['by cutting off a byte', (chunks) => [...chunks.slice(0, -1), chunks.at(-1)?.subarray(0, -1) as Buffer]],
  ])('%s is refused', async (_, change) => {
    for (const size of [content.length, 3 * CHUNK]) {
      const { head, chunks } = parts(await seal.seal(randomBytes(size)));
      await refused(Buffer.concat([head, ...change(chunks)]));
    }
  });

  test('by an empty last chunk behind whole ones, sealed with the right key, is refused', async () => {
    const { head } = parts(await seal.seal(Buffer.alloc(0)));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const fileKey = await decrypter.decryptHeader(head.subarray(0, -NONCE));
    const key = Buffer.from(hkdfSync('sha256', fileKey, head.subarray(-NONCE), 'payload', 32));
    const chunk = (index: number, last: number, bytes: Buffer) => {
      const nonce = Buffer.from([...Array(10).fill(0), index, last]);
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    };
    const whole = Buffer.alloc(CHUNK, 7);
    expect(await open.open(Buffer.concat([head, chunk(0, 1, whole)]), 'it')).toEqual(whole);
    await refused(Buffer.concat([head, chunk(0, 0, whole), chunk(1, 1, Buffer.alloc(0))]));
  });

  test.each([0, 1, 21, 22, 100])('by cutting it to %d bytes is refused', async (length) => {
    await refused((await seal.seal(content)).subarray(0, length));
  });

  test('by taking the whole header and nothing else is refused', async () => {
    const file = await seal.seal(content);
    for (const more of [0, 1, 15, 16, 17, 31]) await refused(file.subarray(0, payloadAt(file) + more));
  });

  test('into a header without an end is refused, and not read for ever', async () => {
    let given = 0;
    const endless = async function* () {
      yield Buffer.from('age-encryption.org/v1\n');
      for (;;) {
        given += 1 << 16;
        yield Buffer.alloc(1 << 16, 'a');
      }
    };
    await expect(read(open.stream(endless(), 'it'))).rejects.toThrow('it is not a complete age file');
    expect(given).toBeLessThan(1 << 20);
  });
});

describe('recipients and identities', () => {
  test('that are none are refused, and not shown', async () => {
    await expect(sealer([recipient, 'age1nope'])).rejects.toThrow(
      '`recipients`: number 2 of 2 is not an age recipient',
    );
    const hints = { 'ssh-ed25519 AAAA': 'SSH keys', age1yubikey1q2w3: 'age-plugin-yubikey', age1: 'age1' };
    for (const [given, hint] of Object.entries(hints))
      await expect(sealer([given])).rejects.toMatchObject({ hint: expect.stringContaining(hint) });
    const mistaken = sealer([identity]);
    await expect(mistaken).rejects.toThrow(InputError);
    await expect(mistaken).rejects.not.toThrow(identity);
    await expect(opener('AGE-SECRET-KEY-1NOPE', 'it')).rejects.toThrow('`identity` is not an age identity');
    for (const nothing of [undefined, '', '# only a comment\n'])
      await expect(opener(nothing, 'the manifest')).rejects.toThrow('the manifest is sealed');
  });

  test('what fails on its way to be sealed fails', async () => {
    const broken = async function* () {
      yield randomBytes(100_000);
      throw new OperationError('the cloud hung up');
    };
    await expect(read(seal.stream(broken()))).rejects.toThrow('the cloud hung up');
  });
});
