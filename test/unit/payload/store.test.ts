import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { InputError, OperationError } from '../../../src/errors.ts';
import { thisProcess } from '../../../src/host/terminal/process.ts';
import { opener, sealer } from '../../../src/keys/age.ts';
import type { Payload } from '../../../src/manifest/schema.ts';
import { payloadName } from '../../../src/payload/name.ts';
import { openPayload } from '../../../src/payload/open.ts';
import { type SaveOptions, savePayload } from '../../../src/payload/save.ts';
import { formatOwner, type Liveness } from '../../../src/ports/owner.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { checkedName } from '../../../src/store/name.ts';
import { testWith } from '../../support/installed.ts';

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
let directory: string;
let dead: Liveness = 'alive';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
  dead = 'alive';
});
afterEach(() => rmSync(directory, { recursive: true }));

const store = (owner = formatOwner(thisProcess())) =>
  directoryPlace(directory, {
    run: { id: randomUUID(), owner },
    liveness: async () => dead,
    now: () => Date.now(),
  });

async function* pieces(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* stops(bytes: Uint8Array, there: () => void, end: Promise<void>): AsyncGenerator<Uint8Array> {
  yield bytes;
  there();
  await end;
}

const facts = (point: string) => ({ kind: 'image', point, format: 'raw' }) as const;
const PLAIN: SaveOptions = { compression: 'none', sealer: undefined };

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** Around the chunks of age (64 KiB) and the frames of zstd (4 MiB). */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 30_000_000];

/** Half of it is zeros, as on a disk. */
const content = (size: number) => {
  const bytes = randomBytes(size);
  bytes.fill(0, 0, size >> 1);
  return bytes;
};

describe('a payload', () => {
  test.each(
    SIZES.flatMap((size) =>
      (['none', 'zstd'] as const).flatMap((compression) =>
        [false, true].map((sealed) => [size, compression, sealed] as const),
      ),
    ),
  )('of %d bytes, %s, sealed %s: comes back as it was', async (size, compression, sealed) => {
    const bytes = content(size);
    const place = store();
    await place.prepare();
    const { payload, digests, head } = await savePayload(place, facts('1'), pieces(bytes), {
      compression,
      sealer: sealed ? await sealer([recipient]) : undefined,
      digests: ['sha512'],
      head: 100_000,
    });
    expect(payload).toMatchObject({ size, sha256: sha256(bytes), compression, sealed });
    expect(digests['sha512']).toBe(createHash('sha512').update(bytes).digest('hex'));
    expect(head.equals(bytes.subarray(0, 100_000))).toBe(true);
    const file = readFileSync(join(directory, payload.name));
    expect(payload.stored).toEqual({ size: file.length, sha256: sha256(file) });
    expect(statSync(join(directory, payload.name)).mode & 0o777).toBe(0o600);
    const opened = await read(openPayload(place, payload, sealed ? await opener(identity, 'x') : undefined));
    expect(opened.equals(bytes)).toBe(true);
    await place.keep(payload.name);
    expect(readdirSync(directory)).toEqual([payload.name]);
  });

  testWith('age', 'zstd')('is opened by age and zstd, without us', async () => {
    const bytes = content(2_500_000);
    const place = store();
    const { payload } = await savePayload(place, facts('1'), pieces(bytes), {
      compression: 'zstd',
      sealer: await sealer([recipient]),
    });
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

  async function saved(compression: Payload['compression'], sealed: boolean) {
    const bytes = content(300_000);
    const { payload } = await savePayload(store(), facts('p'), pieces(bytes), {
      compression,
      sealer: sealed ? await sealer([recipient]) : undefined,
    });
    return { payload, bytes, path: join(directory, payload.name) };
  }

  test.each([
    ['none', false],
    ['zstd', false],
    ['none', true],
    ['zstd', true],
  ] as const)(
    '%s, sealed %s: a bit that flipped, a byte too few, a byte too many never end well',
    async (compression, sealed) => {
      const { payload, path } = await saved(compression, sealed);
      const good = readFileSync(path);
      const open = async () =>
        read(openPayload(store(), payload, sealed ? await opener(identity, 'x') : undefined));
      const at = [0, 30, 100, good.length >> 1, good.length - 1];
      const changed = at.map((index) => {
        const bytes = Buffer.from(good);
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        return bytes;
      });
      for (const bytes of [...changed, good.subarray(0, -1), Buffer.concat([good, Buffer.of(0)])]) {
        writeFileSync(path, bytes);
        await expect(open()).rejects.toThrow(/damaged|cannot be opened|sealed to others/);
      }
      writeFileSync(path, good);
      expect((await open()).length).toBe(payload.size);
    },
  );

  test('whose record says other plain bytes is not given to its end', async () => {
    const { payload } = await saved('zstd', false);
    for (const changed of [
      { ...payload, size: payload.size - 1 },
      { ...payload, size: payload.size + 1 },
      { ...payload, sha256: '0'.repeat(64) },
    ])
      await expect(read(openPayload(store(), changed, undefined))).rejects.toThrow(OperationError);
  });

  test.each(['none', 'zstd'] as const)(
    'whose record says fewer bytes never gives more than those: %s',
    async (compression) => {
      const { payload, bytes } = await saved(compression, false);
      for (const size of [0, 1000, bytes.length - 1]) {
        let given = 0;
        const opening = async () => {
          for await (const piece of openPayload(store(), { ...payload, size }, undefined))
            given += piece.length;
        };
        await expect(opening()).rejects.toThrow(`more than ${size} bytes come out of it`);
        expect(given).toBeLessThanOrEqual(size);
      }
    },
  );

  test('that fails on its way is not there afterwards', async () => {
    const broken = async function* (size: number) {
      yield randomBytes(size);
      throw new Error('the cloud hung up');
    };
    const options = { compression: 'zstd', sealer: undefined } as const;
    for (const size of [100_000, 30_000_000])
      await expect(savePayload(store(), facts('p'), broken(size), options)).rejects.toThrow(
        'the cloud hung up',
      );
    const check = () => {
      throw new OperationError('not what Glance says');
    };
    const refused = savePayload(store(), facts('p'), pieces(content(10)), { ...options, check });
    await expect(refused).rejects.toThrow('not what Glance says');
    const stopped = { ...options, signal: AbortSignal.abort(new Error('stopped')) };
    await expect(savePayload(store(), facts('p'), pieces(content(10)), stopped)).rejects.toThrow('stopped');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is never overwritten', async () => {
    await saved('none', false);
    await expect(saved('none', false)).rejects.toThrow('is in');
  });

  test('in flat memory: the source waits for the place', async () => {
    let ahead = 0;
    const source = Readable.from(
      (function* () {
        for (let count = 0; count < 1000; count += 1) {
          ahead += 1;
          yield Buffer.alloc(1 << 16);
        }
      })(),
    );
    let most = 0;
    let taken = 0;
    const slow = async function* () {
      for await (const piece of source) {
        taken += 1;
        most = Math.max(most, ahead - taken);
        yield piece as Buffer;
      }
    };
    await store().put('p', slow());
    expect(taken).toBe(1000);
    expect(most).toBeLessThan(64);
  });
});

describe('a directory', () => {
  test('loses what a dead run left half-written, and nothing else', async () => {
    const place = store();
    await place.prepare();
    const half = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const stuck = place.put('half', stops(content(1000), half.resolve, end.promise));
    await half.promise;
    await mkdir(join(directory, '.partial-mine'));
    await writeFile(join(directory, 'image-2.raw'), 'x');
    const before = readdirSync(directory).sort();
    await store().prepare();
    for (const name of before) expect(readdirSync(directory)).toContain(name);
    dead = 'ended';
    const next = store();
    await next.prepare();
    const left = readdirSync(directory);
    expect(left).toContain('image-2.raw');
    expect(left).toContain('.partial-mine');
    expect(left.filter((name) => /^\.partial-[0-9a-f-]{36}$/.test(name))).toEqual([]);
    end.resolve();
    await expect(stuck).rejects.toThrow('cannot write');
  });

  test('loses what a dead run had whole, and had not let go; what it had stays', async () => {
    const place = store();
    for (const name of ['kept', 'whole']) await place.put(name, pieces(content(1000)));
    await place.keep('kept');
    const names = () => readdirSync(directory).filter((name) => !name.startsWith('.'));
    await store().prepare();
    expect(names()).toEqual(['kept', 'whole']);
    const [own = ''] = readdirSync(directory).filter((name) => name.startsWith('.'));
    writeFileSync(join(directory, own, '..%2fkept.whole'), '');
    dead = 'ended';
    await store().prepare();
    expect(readdirSync(directory)).toEqual(['kept']);
  });

  test("loses no file that a dead run's note names where no payload lies", async () => {
    await store().put('half', pieces(content(1000)));
    const [own = ''] = readdirSync(directory).filter((name) => name.startsWith('.'));
    for (const name of ['', '.', '..', '.hidden', 'Capital'])
      writeFileSync(join(directory, own, `${name}.whole`), '');
    for (const name of ['.hidden', 'Capital']) writeFileSync(join(directory, name), 'x');
    dead = 'ended';
    await store().prepare();
    expect(readdirSync(directory).sort()).toEqual(['.hidden', 'Capital']);
  });

  test('takes many payloads at once, while others fail', async () => {
    const place = store();
    const fate = async (index: number) => {
      const check = () => {
        if (index % 2 === 0) throw new Error('no good');
      };
      const saving = savePayload(place, facts(`${index}`), pieces(content(1000 * index)), {
        ...PLAIN,
        check,
      });
      return saving.then(
        async ({ payload }) => {
          await place.keep(payload.name);
          return true;
        },
        (error: unknown) => error instanceof Error && error.message !== 'no good',
      );
    };
    const fates = await Promise.all(Array.from({ length: 40 }, (_, index) => fate(index)));
    expect(fates).toEqual(fates.map((_, index) => index % 2 === 1));
    expect(readdirSync(directory)).toHaveLength(20);
  });

  test('that cannot be written is found out before', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const place = directoryPlace(file, {
      run: { id: randomUUID(), owner: 'x' },
      liveness: async () => 'alive',
      now: Date.now,
    });
    await expect(place.prepare()).rejects.toThrow(InputError);
    await expect(store().get('nope')).rejects.toThrow('is not in');
  });

  test.each(['../x', '/x', '.x', 'X', 'a/b', '', 'a\nb', '-x'])('%j is no name', async (name) => {
    expect(() => checkedName(name)).toThrow(InputError);
    await expect(store().get(name)).rejects.toThrow(InputError);
  });

  test('names tell how to open them by hand', () => {
    const id = '5f2c9a01-0000-4000-8000-000000000000';
    expect(
      payloadName({ kind: 'volume', point: id, format: 'raw' }, { compression: 'zstd', sealed: true }),
    ).toBe(`volume-${id}.raw.zst.age`);
    expect(
      payloadName({ kind: 'image', point: id, format: '../x' }, { compression: 'none', sealed: false }),
    ).toBe(`image-${id}.img`);
    expect(payloadName({ kind: 'secret', point: id }, { compression: 'none', sealed: true })).toBe(
      `secret-${id}.key.age`,
    );
  });
});
