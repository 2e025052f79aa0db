import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { InputError } from '../../../src/errors.ts';
import { thisProcess } from '../../../src/host/terminal/process.ts';
import { opener, sealer } from '../../../src/keys/age.ts';
import type { FilePayload, Payload } from '../../../src/manifest/schema.ts';
import { refuseBareKey } from '../../../src/payload/bare-key.ts';
import { payloadStore } from '../../../src/payload/store.ts';
import { formatOwner } from '../../../src/ports/owner.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { saveFile } from '../../support/file-payload.ts';
import { testWith } from '../../support/installed.ts';

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As one run has it that opens what it sealed. */
async function store(sealed = false) {
  const place = directoryPlace(directory, {
    run: { id: randomUUID(), owner: formatOwner(thisProcess()) },
    liveness: async () => 'alive',
    now: () => Date.now(),
  });
  const seal = sealed ? { sealer: await sealer([recipient]), recipients: [recipient] } : undefined;
  return { place, payloads: payloadStore(place, { seal, identity }) };
}

async function* pieces(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all);
}

/** Around the chunks of age (64 KiB) and the frames of zstd (4 MiB). */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, (4 << 20) - 1, 4 << 20, (4 << 20) + 1];

/** Half of it is zeros, as on a disk. */
const content = (size: number) => {
  const bytes = randomBytes(size);
  bytes.fill(0, 0, size >> 1);
  return bytes;
};

describe('a disk in one file, as earlier versions made them,', () => {
  test.each([
    ...SIZES.flatMap((size) =>
      (['none', 'zstd'] as const).flatMap((compression) =>
        [false, true].map((sealed) => [size, compression, sealed] as const),
      ),
    ),
    // More frames than are packed at once.
    [30_000_000, 'zstd', true] as const,
  ])('of %d bytes, %s, sealed %s: comes back as it was', async (size, compression, sealed) => {
    const bytes = content(size);
    const { payloads, payload } = await saved(compression, sealed, bytes);
    expect((await read(await payloads.open(payload))).equals(bytes)).toBe(true);
    await payloads.keep(payload);
    expect(readdirSync(directory)).toEqual([payload.name]);
    await payloads.remove(payload);
    expect(readdirSync(directory)).toEqual([]);
  });

  testWith('age', 'zstd')('is opened by age and zstd, without us', async () => {
    const bytes = content(2_500_000);
    const { payload } = await saved('zstd', true, bytes);
    const key = join(directory, 'key.txt');
    writeFileSync(key, `${identity}\n`, { mode: 0o600 });
    const opened = execFileSync(
      'sh',
      ['-c', `age -d -i "$1" "$2" | zstd -dc`, 'x', key, join(directory, payload.name)],
      {
        maxBuffer: 1 << 24,
      },
    );
    expect(opened.equals(bytes)).toBe(true);
    const theirs = execFileSync('age', ['-r', recipient], { input: bytes, maxBuffer: 1 << 24 });
    expect((await read((await opener(identity, 'x')).stream(pieces(theirs), 'x'))).equals(bytes)).toBe(true);
  });

  async function saved(
    compression: FilePayload['compression'],
    sealed: boolean,
    bytes: Buffer = content(300_000),
  ) {
    const { place, payloads } = await store(sealed);
    const seal = sealed ? await sealer([recipient]) : undefined;
    const payload = await saveFile(place, 'image-1.raw.zst', pieces(bytes), { compression, sealer: seal });
    return { payloads, payload, bytes, path: join(directory, payload.name) };
  }

  test.each([
    ['none', false],
    ['zstd', false],
    ['none', true],
    ['zstd', true],
  ] as const)(
    '%s, sealed %s: a bit that flipped, a byte too few, a byte too many never end well',
    async (compression, sealed) => {
      const { payloads, payload, path } = await saved(compression, sealed);
      const good = readFileSync(path);
      const open = async () => read(await payloads.open(payload));
      const at = [0, 30, 100, good.length >> 1, good.length - 1];
      const changed = at.map((index) => {
        const bytes = Buffer.from(good);
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        return bytes;
      });
      for (const bytes of [...changed, good.subarray(0, -1), Buffer.concat([good, Buffer.of(0)])]) {
        writeFileSync(path, bytes);
        await expect(open()).rejects.toThrow(/damaged|cannot be opened|not sealed to this/);
      }
      writeFileSync(path, good);
      expect((await open()).length).toBe(payload.size);
    },
  );

  test('whose record says other bytes, plain or stored, is not given to its end', async () => {
    const { payloads, payload } = await saved('zstd', false);
    const { size, stored } = payload;
    const [small, great] = [-1, 1].map((more) => stored.size + more);
    for (const [changed, why] of [
      [{ size: size - 1 }, `it unpacks to more than ${size - 1} bytes`],
      [{ size: size + 1 }, `it unpacks to ${size} of ${size + 1} bytes`],
      [{ sha256: '0'.repeat(64) }, 'its SHA-256 differs from the one in the manifest'],
      [{ stored: { ...stored, sha256: '0'.repeat(64) } }, 'its SHA-256 differs from the one in the manifest'],
      [{ stored: { ...stored, size: small } }, `it has ${stored.size} bytes in the store`],
      [{ stored: { ...stored, size: great } }, `it has ${stored.size} bytes in the store`],
    ] as const)
      await expect(read(await payloads.open({ ...payload, ...changed } as Payload))).rejects.toThrow(
        `payload image-1.raw.zst is damaged: ${why}`,
      );
    expect((await read(await payloads.open(payload))).length).toBe(size);
  });

  test.each(['none', 'zstd'] as const)(
    'whose record says fewer bytes never gives more than those: %s',
    async (compression) => {
      const { payloads, payload, bytes } = await saved(compression, false);
      for (const size of [0, 1000, bytes.length - 1]) {
        let given = 0;
        const opening = async () => {
          for await (const piece of await payloads.open({ ...payload, size })) given += piece.length;
        };
        await expect(opening()).rejects.toThrow(`it unpacks to more than ${size} bytes`);
        expect(given).toBeLessThanOrEqual(size);
      }
    },
  );

  test('that is sealed is not opened without an identity', async () => {
    const { payload } = await saved('zstd', true);
    const place = directoryPlace(directory, {
      run: { id: randomUUID(), owner: '' },
      liveness: async () => 'alive',
      now: Date.now,
    });
    const open = payloadStore(place, {}).open(payload);
    await expect(open).rejects.toThrow(InputError);
    await expect(open).rejects.toThrow(`payload ${payload.name} is sealed`);
  });
});

test('a key is a sealed file of its own', async () => {
  const { payloads } = await store(true);
  const payload = await payloads.putKey('2', Buffer.from('key'), undefined);
  expect(payload).toMatchObject({ layout: 'file', size: 3, compression: 'none', sealed: true });
  expect(payload.name).toBe('secret-2.key.age');
  expect(readFileSync(join(directory, payload.name)).subarray(0, 21).toString()).toBe(
    'age-encryption.org/v1',
  );
  expect((await read(await payloads.open(payload))).toString()).toBe('key');
});

test('a key whose saving is stopped is not there afterwards', async () => {
  const { payloads } = await store(true);
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(payloads.putKey('2', Buffer.from('key'), signal)).rejects.toThrow('stopped');
  expect(readdirSync(directory)).toEqual([]);
});

test('a key does not go where nothing is sealed', async () => {
  const [sealed, bare] = [await store(true), await store(false)];
  expect(() => refuseBareKey(sealed.payloads, 'volume db')).not.toThrow();
  expect(() => refuseBareKey(bare.payloads, 'volume db')).toThrow(
    'leaves the cloud only sealed: no recipients given',
  );
});
