import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InputError, OperationError } from '../../../src/errors.ts';
import { passphraseOf, passphrasesOf } from '../../../src/keys/passphrase.ts';
import { headerLength, isLuks, keyOpens, openLuks } from '../../../src/keys/unlock.ts';
import { newLuks1, openLuks1 } from '../../fakes/cloud/luks.ts';
import { describeWith } from '../../support/installed.ts';

/** Made by qemu-img and cryptsetup: test/fixtures/luks/make.sh. */
const fixture = (name: string) =>
  zstdDecompressSync(readFileSync(join(import.meta.dirname, `../../fixtures/luks/${name}.img.zst`)));
const luks1 = fixture('luks1');
const argon2id = fixture('luks2-argon2id');
const large = fixture('luks2-4096');
const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const PLAIN = Buffer.from(
  Array.from({ length: 2048 }, (_, index) => `block ${String(index).padStart(9, '0')}\n`).join(''),
);

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all);
}

/** As a reader of a stream learns how much it needs. */
function headOf(image: Buffer): Buffer {
  let head = image.subarray(0, 0);
  for (let need = 4096; head.length < need && head.length < image.length; need = headerLength(head))
    head = image.subarray(0, need);
  return head;
}

async function plainOf(image: Buffer, key = KEY): Promise<Buffer | undefined> {
  const opened = await openLuks(headOf(image), passphrasesOf(key, 'symmetric'));
  return opened && read(opened.plain(pieces(image)));
}

const changed = (image: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(image);
  change(copy);
  return copy;
};

/** A LUKS2 image with other metadata, and checksums that are right. */
function rewritten(image: Buffer, change: (metadata: Metadata) => void): Buffer {
  return changed(image, (copy) => {
    const size = Number(copy.readBigUInt64BE(8));
    const text = copy.toString('utf8', 4096, size).replace(/\0.*$/s, '');
    const metadata = JSON.parse(text) as Metadata;
    change(metadata);
    for (const at of [0, size]) {
      copy.fill(0, at + 4096, at + size);
      copy.write(JSON.stringify(metadata), at + 4096);
      copy.fill(0, at + 448, at + 512);
      const algorithm = copy.toString('latin1', at + 72, at + 78);
      createHash(algorithm)
        .update(copy.subarray(at, at + size))
        .digest()
        .copy(copy, at + 448);
    }
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what a hostile header is made of
type Metadata = Record<string, Record<string, any>>;

describe('the passphrase of a key', () => {
  test('is the lower-case hex of its bytes, without a newline', () => {
    expect(passphraseOf(Buffer.from('00ABcdef', 'hex'), 'symmetric').toString()).toBe('00abcdef');
    expect(passphraseOf(Buffer.from('x'), 'opaque').toString()).toBe('78');
  });

  test('of a secret of type passphrase is the secret, or what Nova makes of it', () => {
    expect(passphraseOf(Buffer.from('pä'), 'passphrase').toString()).toBe('pä');
    expect(passphrasesOf(Buffer.from('pä'), 'passphrase').map(String)).toEqual(['pä', '70c3a4']);
    expect(passphrasesOf(Buffer.from('pä'), 'symmetric').map(String)).toEqual(['70c3a4']);
  });
});

describe.each([
  ['LUKS1 of qemu-img', luks1, { version: 1, sectorBytes: 512, slot: 0, payloadOffset: 4040 * 512 }],
  [
    'LUKS2 of cryptsetup, argon2id',
    argon2id,
    { version: 2, sectorBytes: 512, slot: 0, payloadOffset: 16 << 20 },
  ],
  [
    'LUKS2 of cryptsetup, sectors of 4096',
    large,
    { version: 2, sectorBytes: 4096, slot: 1, payloadOffset: 16 << 20 },
  ],
])('%s', (_, image, facts) => {
  test('is opened by its key', async () => {
    expect(isLuks(image)).toBe(true);
    const opened = await openLuks(headOf(image), passphrasesOf(KEY, 'symmetric'));
    expect(opened).toMatchObject({ ...facts, cipher: 'aes-xts-plain64' });
    for (const size of [1, 511, 512, 4096, 70_000, image.length])
      if (size > 1 || image === luks1)
        expect((await read(opened?.plain(pieces(image, size)) ?? pieces(image))).equals(PLAIN)).toBe(true);
  });

  test('needs few bytes for that, and not one less', async () => {
    const head = headOf(image);
    expect(head.length).toBeLessThan(400_000);
    expect(await keyOpens(head, KEY, 'symmetric')).toBe(true);
    await expect(keyOpens(head.subarray(0, -512), KEY, 'symmetric')).rejects.toThrow('cut short');
  });

  test('is not opened by another key', async () => {
    expect(await plainOf(image, randomBytes(32))).toBeUndefined();
    expect(await keyOpens(headOf(image), KEY, 'passphrase')).toBe(true);
    expect(await keyOpens(headOf(image), Buffer.from(KEY.toString('hex')), 'passphrase')).toBe(true);
    expect(await keyOpens(headOf(image), Buffer.from(`${KEY.toString('hex')}\n`), 'passphrase')).toBe(false);
  });

  test('that ends too early does not end well', async () => {
    const opened = await openLuks(headOf(image), passphrasesOf(KEY, 'symmetric'));
    for (const length of [facts.payloadOffset - 1, facts.payloadOffset, image.length - 1, image.length - 511])
      await expect(
        read(opened?.plain(pieces(image.subarray(0, length), 1 << 20)) ?? pieces(image)),
      ).rejects.toThrow('ends too early');
  });
});

describe('LUKS1', () => {
  test('of the fakes is opened too', async () => {
    const device = newLuks1(1 << 20, KEY.toString('hex'));
    openLuks1(device, KEY.toString('hex'))?.writePlain(4000, PLAIN);
    const plain = await plainOf(Buffer.concat([...device.chunks()]));
    expect(plain?.length).toBe(1 << 20);
    expect(plain?.subarray(4000, 4000 + PLAIN.length).equals(PLAIN)).toBe(true);
  });

  test.each<[string, (copy: Buffer) => unknown, RegExp]>([
    ['another cipher', (copy) => copy.write('serpent\0', 8), /the cipher serpent-xts-plain64/],
    ['another mode', (copy) => copy.write('cbc-essiv:sha256\0', 40), /the cipher aes-cbc-essiv:sha256/],
    ['a key of another size', (copy) => copy.writeUInt32BE(16, 108), /a key of 128 bits/],
    ['a huge key', (copy) => copy.writeUInt32BE(0xffffffff, 108), /a key of/],
    ['another hash', (copy) => copy.write('whirlpool\0', 72), /the hash "whirlpool"/],
    ['a hash named like a method', (copy) => copy.write('toString\0', 72), /the hash "toString"/],
    ['no slot in use', (copy) => copy.writeUInt32BE(0xdead, 208), /no key slot in use/],
    ['a slot beyond the data', (copy) => copy.writeUInt32BE(0xffffffff, 208 + 40), /key slot 0 lies at/],
    ['too many stripes', (copy) => copy.writeUInt32BE(0xffffffff, 208 + 44), /4294967295 stripes/],
    ['no stripes', (copy) => copy.writeUInt32BE(0, 208 + 44), /0 stripes/],
    ['data elsewhere', (copy) => copy.writeUInt32BE(0, 104), /a detached LUKS header/],
    ['years of work', (copy) => copy.writeUInt32BE(0xffffffff, 208 + 4), /about \d{4} s of work/],
    ['another version', (copy) => copy.writeUInt16BE(3, 6), /version 3/],
  ])('with %s is refused', async (_, change, message) => {
    await expect(openLuks(changed(luks1, change), [KEY])).rejects.toThrow(message);
  });

  test('with a digest of years is refused', async () => {
    const image = changed(luks1, (copy) => copy.writeUInt32BE(0xffffffff, 164));
    await expect(keyOpens(image, KEY, 'symmetric')).rejects.toThrow(/about \d{4} s of work/);
  });

  test('cut at any byte of its header is refused', async () => {
    for (const length of [0, 5, 6, 7, 8, 100, 591, 592, 4096])
      await expect(keyOpens(luks1.subarray(0, length), KEY, 'symmetric')).rejects.toThrow(
        length < 6 ? InputError : /damaged: it is cut short|version 0/,
      );
  });
});

describe('LUKS2', () => {
  test('whose first header is damaged is opened by the second', async () => {
    for (const at of [448, 4100, 8, 300, 100])
      expect(
        (await plainOf(changed(large, (copy) => copy.writeUInt8((copy[at] ?? 0) ^ 1, at))))?.equals(PLAIN),
      ).toBe(true);
  });

  test('whose headers are both damaged is refused', async () => {
    const image = changed(large, (copy) => {
      copy.writeUInt8((copy[5000] ?? 0) ^ 1, 5000);
      copy.writeUInt8((copy[70_000] ?? 0) ^ 1, 70_000);
    });
    await expect(plainOf(image)).rejects.toThrow('neither copy has a correct checksum');
    await expect(plainOf(Buffer.from('hello, world'))).rejects.toThrow('it is not a LUKS image');
  });

  test('ends where its header says', async () => {
    const image = rewritten(argon2id, (all) => {
      if (all['segments']?.['0']) all['segments']['0'].size = '1024';
    });
    expect((await plainOf(image))?.equals(PLAIN.subarray(0, 1024))).toBe(true);
    const short = rewritten(argon2id, (all) => {
      if (all['segments']?.['0']) all['segments']['0'].size = '1048576';
    });
    await expect(plainOf(short)).rejects.toThrow('ends too early');
  });

  type Change = (all: { segment: Metadata[string]; slot: Metadata[string]; metadata: Metadata }) => unknown;
  test.each<[string, Change, RegExp]>([
    ['another cipher', ({ segment }) => (segment['encryption'] = 'aes-cbc-essiv:sha256'), /aes-cbc-essiv/],
    ['another cipher of its slots', ({ slot }) => (slot['area'].encryption = 'null'), /the cipher null/],
    ['integrity', ({ segment }) => (segment['integrity'] = { type: 'hmac(sha256)' }), /integrity/],
    [
      'another segment',
      ({ metadata, segment }) => Object.assign(metadata['segments'] ?? {}, { 1: segment }),
      /several/,
    ],
    ['no segment', ({ metadata }) => (metadata['segments'] = {}), /type is not a string/],
    [
      'a re-encryption',
      ({ metadata }) =>
        Object.assign(metadata['config'] ?? {}, { requirements: { mandatory: ['online-reencrypt-v2'] } }),
      /online-reencrypt/,
    ],
    ['no slot', ({ metadata }) => (metadata['keyslots'] = {}), /no key slot in use/],
    ['a slot beyond the data', ({ slot }) => (slot['area'].offset = '99999744'), /key slot 0 lies at/],
    ['a slot at no sector', ({ slot }) => (slot['area'].offset = '32769'), /key slot 0 lies at/],
    ['a slot nowhere', ({ slot }) => (slot['area'].offset = '-512'), /offset is not a number/],
    ['numbers as numbers', ({ slot }) => (slot['area'].offset = 32768), /offset is not a string/],
    ['huge stripes', ({ slot }) => (slot['af'].stripes = 2 ** 40), /stripes/],
    ['no passes', ({ slot }) => (slot['kdf'].time = 0), /time is not positive/],
    ['all of the memory', ({ slot }) => (slot['kdf'].memory = 2 ** 31), /2.00 TiB of memory/],
    ['all of the time', ({ slot }) => (slot['kdf'].time = 2 ** 31), /about \d+ s of work/],
    ['many lanes', ({ slot }) => (slot['kdf'].cpus = 2 ** 20), /1048576 lanes/],
    [
      'less memory than lanes take',
      ({ slot }) => (slot['kdf'].memory = 1),
      /derivation of slot 0 is refused/,
    ],
    ['another derivation', ({ slot }) => (slot['kdf'].type = 'scrypt'), /the key derivation "scrypt"/],
    ['salt that is no base64', ({ slot }) => (slot['kdf'].salt = '{}'), /salt is not base64/],
    ['huge sectors', ({ segment }) => (segment['sector_size'] = 2 ** 30), /sectors have 1073741824 bytes/],
    ['no sectors', ({ segment }) => (segment['sector_size'] = 0), /sectors have 0 bytes/],
    ['data at no sector', ({ segment }) => (segment['offset'] = '16777217'), /data lies at byte 16777217/],
    ['data before its slots', ({ segment }) => (segment['offset'] = '4096'), /key slot 0 lies at/],
    ['a tweak beyond all disks', ({ segment }) => (segment['iv_tweak'] = '999999999999999'), /too large/],
    ['no digest', ({ metadata }) => (metadata['digests'] = {}), /no digest/],
    [
      'a digest that proves nothing',
      ({ metadata }) => Object.assign(metadata['digests']?.['0'], { digest: 'A' }),
      /too short/,
    ],
    ['keys of another size', ({ slot }) => (slot['key_size'] = 48), /a key of 384 bits/],
    ['a key of nothing', ({ slot }) => (slot['key_size'] = 0), /a key of 0 bits/],
  ])('with %s is refused', async (_, change, message) => {
    const image = rewritten(argon2id, (metadata) => {
      const [segment, slot] = [metadata['segments']?.['0'], metadata['keyslots']?.['0']];
      change({ metadata, segment, slot });
    });
    await expect(openLuks(image.subarray(0, 1 << 20), [KEY])).rejects.toThrow(message);
  });

  test('that asks for more memory than there may be is refused, however short the work', () => {
    const asking = (memory: number) =>
      rewritten(argon2id, ({ keyslots }) =>
        Object.assign(keyslots?.['0']?.['kdf'], { time: 1, cpus: 1, memory }),
      );
    expect(headerLength(asking(2 << 20))).toBeLessThan(1 << 20);
    expect(() => headerLength(asking((2 << 20) + 1))).toThrow(/about 3 s of work and 2.00 GiB of memory/);
  });

  test('whose JSON is none is refused', async () => {
    const image = changed(argon2id, (copy) => {
      for (const at of [0, 16384]) {
        copy.write('[[[[', at + 4096);
        copy.fill(0, at + 448, at + 512);
        createHash('sha256')
          .update(copy.subarray(at, at + 16384))
          .digest()
          .copy(copy, at + 448);
      }
    });
    await expect(plainOf(image)).rejects.toThrow(OperationError);
  });
});

describeWith('cryptsetup')('what cryptsetup formats', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'luks-'));
    writeFileSync(join(directory, 'key'), KEY.toString('hex'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const cheap = '--pbkdf pbkdf2 --pbkdf-force-iterations 1000';

  test.each([
    '--type luks1 --key-size 256 --hash sha1 --pbkdf-force-iterations 1000',
    '--type luks1 --key-size 512 --hash sha512 --pbkdf-force-iterations 1000',
    `--type luks2 --key-size 512 --sector-size 512 ${cheap}`,
    `--type luks2 --key-size 512 --sector-size 2048 --luks2-metadata-size 1m ${cheap}`,
    '--type luks2 --key-size 512 --pbkdf argon2i --pbkdf-memory 32 --pbkdf-parallel 1 --pbkdf-force-iterations 4',
  ])('with %s is opened by its key, and by no other', async (options) => {
    const path = join(directory, 'image');
    writeFileSync(path, Buffer.alloc(0));
    execFileSync('sh', [
      '-c',
      `PATH=$PATH:/usr/sbin; truncate -s 20M "$1" && cryptsetup luksFormat -q --key-file "$2" ${options} "$1"`,
      'sh',
      path,
      join(directory, 'key'),
    ]);
    const head = headOf(readFileSync(path));
    expect(await keyOpens(head, KEY, 'symmetric')).toBe(true);
    expect(await keyOpens(head, randomBytes(32), 'symmetric')).toBe(false);
  });
});
