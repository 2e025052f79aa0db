import { argon2Sync, createCipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { costOf, type Kdf } from '../../../src/keys/kdf.ts';
import { headerLength, keyOpens, openLuks } from '../../../src/keys/unlock.ts';
import { allOf, once, peek } from '../../../src/stream/chunks.ts';
import { CHEAP, cryptsetupIn } from '../../support/cryptsetup.ts';
import { describeWith } from '../../support/installed.ts';
import { piecesAt } from '../../support/pieces.ts';

// cryptsetup formats and encrypts, on machines that may be busy.
jest.setTimeout(60_000);

const MIB = 2 ** 20;
const DATA = 16 * MIB;
const SALT = Buffer.alloc(32, 7);
/** A secret of type `passphrase`. */
const key = Buffer.from('correct horse');
const other = Buffer.from('battery staple');

const headOf = async (image: Buffer) => (await peek(once(image), headerLength)).head;

async function plainOf(image: Buffer, passphrase = key): Promise<Buffer | undefined> {
  const opened = await openLuks(await headOf(image), [passphrase]);
  return opened && allOf(opened.plain(once(image)));
}

const changed = (image: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(image);
  change(copy);
  return copy;
};

interface Metadata {
  keyslots: Record<string, { kdf: Record<string, unknown> }>;
  digests: Record<string, Record<string, unknown>>;
  segments: Record<string, Record<string, unknown>>;
}

/** Both copies say something else, and have checksums that are right. */
function rewritten(image: Buffer, change: (metadata: Metadata) => void): Buffer {
  return changed(image, (copy) => {
    const size = Number(copy.readBigUInt64BE(8));
    const metadata = JSON.parse(copy.toString('utf8', 4096, size).replace(/\0.*$/s, '')) as Metadata;
    change(metadata);
    for (const at of [0, size]) {
      copy.fill(0, at + 4096, at + size);
      copy.write(JSON.stringify(metadata), at + 4096);
      copy.fill(0, at + 448, at + 512);
      const sum = createHash('sha256')
        .update(copy.subarray(at, at + size))
        .digest();
      sum.copy(copy, at + 448);
    }
  });
}

describe('what a key derivation costs', () => {
  const argon = (kind: 'argon2i' | 'argon2id', passes: number, memory: number, lanes: number): Kdf => ({
    kind,
    passes,
    memory,
    lanes,
    salt: SALT,
  });
  const pbkdf2 = (hash: 'sha1' | 'sha256' | 'sha512'): Kdf => ({
    kind: 'pbkdf2',
    hash,
    iterations: 20_000,
    salt: SALT,
  });

  function spent(kdf: Kdf, length: number): number {
    const before = process.cpuUsage();
    if (kdf.kind === 'pbkdf2') pbkdf2Sync(key, kdf.salt, kdf.iterations, length, kdf.hash);
    else {
      const { kind, passes, memory, lanes: parallelism, salt: nonce } = kdf;
      argon2Sync(kind, { message: key, nonce, parallelism, passes, memory, tagLength: length });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  }

  // Machines differ by twice or so; what is caught here was wrong by 16 times and more.
  test.each<[string, Kdf, number]>([
    ['much memory', argon('argon2id', 1, 65_536, 1), 64],
    ['much memory in lanes', argon('argon2id', 1, 65_536, 4), 64],
    ['many passes on little memory', argon('argon2id', 4000, 32, 1), 64],
    ['many passes on little memory in lanes', argon('argon2id', 200, 32, 4), 64],
    ['many lanes', argon('argon2i', 20, 512, 64), 64],
    ['a digest of one hash', pbkdf2('sha256'), 32],
    ['a digest longer than the hash', pbkdf2('sha1'), 384],
    ['another such', pbkdf2('sha512'), 384],
  ])('%s is known within a few times', (_, kdf, length) => {
    const ratio = costOf(kdf, length).seconds / Math.min(...[1, 2, 3].map(() => spent(kdf, length)));
    expect(ratio).toBeGreaterThan(1 / 4);
    expect(ratio).toBeLessThan(4);
  });
});

describeWith('cryptsetup')('what cryptsetup made', () => {
  const tool = cryptsetupIn();
  const plain = randomBytes(3 * MIB);
  const small = plain.subarray(0, 32_768);
  let image: Buffer;
  beforeAll(() => {
    tool.write('key', key);
    tool.write('other', other);
    image = tool.encrypted('image', small, 'key', ['--type', 'luks2', '--sector-size', '512', ...CHEAP]);
  });
  afterAll(() => tool.remove());

  test.each([512, 4096])('in sectors of %d bytes is opened beyond the first MiB', async (size) => {
    const large = tool.encrypted('large', plain, 'key', [
      ...['--type', 'luks2', '--sector-size', String(size)],
      ...CHEAP,
    ]);
    const opened = await openLuks(await headOf(large), [key]);
    expect(opened?.sectorBytes).toBe(size);
    const all = await allOf(opened?.plain(piecesAt(large, [MIB - 1, DATA + MIB + 5])) ?? once(large));
    expect(all.equals(plain)).toBe(true);
  });

  test.each<[string, (metadata: Metadata) => void, number]>([
    ['passes', ({ keyslots }) => Object.assign(slotOf(keyslots), argon2(4_000_000, 64, 1)), 300],
    ['lanes', ({ keyslots }) => Object.assign(slotOf(keyslots), argon2(30_000, 512, 64)), 300],
    [
      'a long digest',
      ({ digests }) =>
        Object.assign(digests['0'] ?? {}, {
          iterations: 100_000_000,
          hash: 'sha1',
          digest: Buffer.alloc(384).toString('base64'),
        }),
      300,
    ],
  ])('with hours of %s is refused before it is tried', async (_, change, atLeast) => {
    const hostile = rewritten(image, change);
    const started = process.cpuUsage();
    const refusal = await openLuks(hostile, [key]).catch((error: Error) => error.message);
    expect(() => headerLength(hostile)).toThrow(String(refusal));
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
    const [, seconds = ''] = /about (\d+) s of work.*at most 300 s/.exec(String(refusal)) ?? [];
    expect(Number(seconds)).toBeGreaterThan(atLeast);
  });

  const slotOf = (keyslots: Metadata['keyslots']) => Object.values(keyslots)[0]?.kdf ?? {};
  const argon2 = (time: number, memory: number, cpus: number) => ({ type: 'argon2id', time, memory, cpus });

  test('is let go in the middle of a derivation, when told to stop', async () => {
    const slow = rewritten(image, ({ keyslots }) => {
      slotOf(keyslots)['iterations'] = 12_000_000;
    });
    const controller = new AbortController();
    const head = await headOf(slow);
    const started = performance.now();
    const trial = keyOpens(head, key, 'passphrase', controller.signal);
    setTimeout(() => controller.abort(new Error('stop')), 50);
    await expect(trial).rejects.toThrow('stop');
    expect(performance.now() - started).toBeLessThan(1500);
    await expect(keyOpens(head, key, 'passphrase', controller.signal)).rejects.toThrow('stop');
  });

  test('is opened by the header that was written last', async () => {
    tool.write('changed', image);
    tool.cryptsetup(
      'luksAddKey',
      '--key-file',
      tool.path('key'),
      ...CHEAP,
      tool.path('changed'),
      tool.path('other'),
    );
    const newer = tool.read('changed');
    expect(newer.readBigUInt64BE(16)).toBeGreaterThan(image.readBigUInt64BE(16));
    const stale = changed(newer, (copy) => image.copy(copy, 0, 0, 16_384));
    const behind = changed(newer, (copy) => image.copy(copy, 16_384, 16_384, 32_768));
    for (const half of [stale, behind]) {
      expect(tool.opens(half, 'other')).toBe(true);
      expect((await plainOf(half, other))?.equals(small)).toBe(true);
    }
    expect(await plainOf(image, other)).toBeUndefined();
  });

  test.each(['16k', '128k', '4m'])('is opened without its first header of %s', async (size) => {
    const whole = tool.encrypted('lost', small, 'key', [
      ...['--type', 'luks2', '--sector-size', '512', '--luks2-metadata-size', size],
      ...CHEAP,
    ]);
    const bytes = Number(whole.readBigUInt64BE(8));
    for (const gone of [8, bytes]) {
      const lost = changed(whole, (copy) => copy.fill(0, 0, gone));
      expect(tool.opens(lost, 'key')).toBe(true);
      expect((await plainOf(lost))?.equals(small)).toBe(true);
      expect(await plainOf(lost, other)).toBeUndefined();
    }
    const none = changed(whole, (copy) => copy.fill(0, 0, 2 * bytes));
    expect(tool.opens(none, 'key')).toBe(false);
    await expect(plainOf(none)).rejects.toThrow('it is not a LUKS image');
  });

  test('whose first header is no JSON is opened by the second', async () => {
    const broken = changed(image, (copy) => {
      copy.write('[[[[', 4096);
      copy.fill(0, 448, 512);
      createHash('sha256').update(copy.subarray(0, 16_384)).digest().copy(copy, 448);
    });
    expect(tool.opens(broken, 'key')).toBe(true);
    expect((await plainOf(broken))?.equals(small)).toBe(true);
  });

  describe('with aes-xts-plain', () => {
    const cipher = ['--cipher', 'aes-xts-plain', '--key-size', '512'];

    test('in LUKS2 is opened', async () => {
      const made = tool.encrypted('plain', plain, 'key', ['--type', 'luks2', ...cipher, ...CHEAP]);
      expect((await openLuks(await headOf(made), [key]))?.cipher).toBe('aes-xts-plain');
      expect((await plainOf(made))?.equals(plain)).toBe(true);
    });

    test('in LUKS1 is opened', async () => {
      tool.write('one', '');
      truncateSync(tool.path('one'), 4 * MIB);
      const options = ['--type', 'luks1', ...cipher, ...CHEAP.slice(2), '--key-file', tool.path('key')];
      tool.cryptsetup('luksFormat', ...options, tool.path('one'));
      const made = tool.read('one');
      const opened = await openLuks(await headOf(made), [key]);
      expect(opened).toMatchObject({ version: 1, cipher: 'aes-xts-plain' });
      encryptInto(made, opened?.payloadOffset ?? 0, tool.volumeKey('one', 'key'), BigInt);
      expect((await plainOf(made))?.subarray(0, small.length).equals(small)).toBe(true);
    });

    /** By the XTS of node:crypto, which is not ours. */
    function encryptInto(
      image: Buffer,
      at: number,
      volumeKey: Buffer,
      number: (index: number) => bigint,
    ): void {
      for (let from = 0; from < small.length; from += 512) {
        const tweak = Buffer.alloc(16);
        tweak.writeBigUInt64LE(number(from / 512));
        const sector = createCipheriv('aes-256-xts', volumeKey, tweak);
        sector.update(small.subarray(from, from + 512)).copy(image, at + from);
      }
    }

    test('counts sectors in 32 bits, and plain64 does not', async () => {
      const first = 2 ** 32 - 3;
      for (const [name, wraps] of [
        ['aes-xts-plain', true],
        ['aes-xts-plain64', false],
      ] as const) {
        tool.encrypted('wrap', small, 'key', [
          ...['--type', 'luks2', '--sector-size', '512', '--cipher', name, '--key-size', '512'],
          ...CHEAP,
        ]);
        const volumeKey = tool.volumeKey('wrap', 'key');
        const far = rewritten(tool.read('wrap'), ({ segments }) => {
          Object.assign(segments['0'] ?? {}, { iv_tweak: String(first) });
        });
        encryptInto(far, DATA, volumeKey, (index) =>
          wraps ? BigInt.asUintN(32, BigInt(first + index)) : BigInt(first + index),
        );
        expect((await plainOf(far))?.equals(small)).toBe(true);
      }
    });
  });

  describe('apart from its data', () => {
    test.each(['luks1', 'luks2'])('in %s is called a detached header', async (type) => {
      const cheap = type === 'luks1' ? CHEAP.slice(2) : CHEAP;
      tool.write('data', '');
      truncateSync(tool.path('data'), 4 * MIB);
      tool.write('header', '');
      truncateSync(tool.path('header'), DATA);
      tool.cryptsetup(
        ...['luksFormat', '--type', type, '--header', tool.path('header'), '--key-file', tool.path('key')],
        ...cheap,
        tool.path('data'),
      );
      const header = tool.read('header');
      expect(tool.opens(header, 'key')).toBe(true);
      const refusal = openLuks((await peek(once(header), () => 2 * MIB)).head, [key]);
      await expect(refusal).rejects.toThrow('it is a detached LUKS header');
      await expect(refusal).rejects.toThrow(InputError);
    });

    test('is called a header without its data, when it was backed up', async () => {
      tool.write('whole', image);
      tool.cryptsetup('luksHeaderBackup', '--header-backup-file', tool.path('backup'), tool.path('whole'));
      await expect(plainOf(tool.read('backup'))).rejects.toThrow('it is a LUKS header without its data');
    });
  });
});
