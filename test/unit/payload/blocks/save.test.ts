import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { opener, sealer } from '../../../../src/keys/age.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { readMap } from '../../../../src/payload/blocks/map-read.ts';
import type { DiskOptions } from '../../../../src/payload/blocks/save.ts';
import { block, disk, inPieces, KEY, random, restored, save, unpacked } from './disks.ts';
import { MemoryPlace } from './memory-place.ts';

const digest = (bytes: Buffer, algorithm = 'sha256') => createHash(algorithm).update(bytes).digest('hex');

/** Two identities, and what seals to the first or to both. */
async function people() {
  const { generateIdentity, identityToRecipient } = await import('age-encryption');
  const [one, two] = [await generateIdentity(), await generateIdentity()];
  const [a, b] = [await identityToRecipient(one), await identityToRecipient(two)];
  const seal = async (recipients: string[]) => ({ recipients, sealer: await sealer(recipients) });
  return {
    first: await seal([a]),
    both: await seal([b, a]),
    second: await seal([b]),
    open: await opener(one, 'it'),
  };
}

describe('a disk that is saved', () => {
  it.each([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 64 * BLOCK, 64 * BLOCK + 1, 201 * BLOCK + 1000])(
    'of %d bytes comes back byte for byte, with its digest',
    async (size) => {
      const memory = new MemoryPlace();
      const bytes = disk(random(size + 1), 202, 0).subarray(0, size);
      const { payload, ...came } = await save(memory.place(), inPieces(bytes, random(2)), { head: 20 });
      expect((await restored(memory.place(), payload.name)).equals(bytes)).toBe(true);
      expect(payload.digest).toEqual({ algorithm: 'sha256', value: digest(bytes) });
      expect(came).toMatchObject({ size, head: bytes.subarray(0, 20), digests: { sha256: digest(bytes) } });
      expect(payload.kept).toBe(payload.sent - payload.stored.size - idsIn(memory));
    },
  );

  const idsIn = (memory: MemoryPlace) =>
    memory.names('ids').reduce((sum, name) => sum + (memory.files.get(name)?.bytes.length ?? 0), 0);

  it('leaves out zeros, and keeps the digest that the cloud has', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.alloc(300 * BLOCK);
    bytes[170 * BLOCK] = 1;
    const { payload } = await save(memory.place(), bytes, { digests: ['md5', 'sha512'] });
    expect(payload.digest).toEqual({ algorithm: 'sha512', value: digest(bytes, 'sha512') });
    const map = await readMap(memory.place(), payload.name);
    expect(await all(map.extents)).toEqual([[170, 1, 0, 0]]);
  });

  it('records SHA-256 where the cloud has nothing as strong', async () => {
    const saved = await save(new MemoryPlace().place(), Buffer.from('abc'), { digests: ['md5'] });
    expect(saved.digests).toEqual({
      md5: digest(Buffer.from('abc'), 'md5'),
      sha256: digest(Buffer.from('abc')),
    });
    expect(saved.payload.digest.algorithm).toBe('sha256');
  });

  it('goes into objects of at most 16 MiB of frames, which `zstd -d` opens', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.concat(Array.from({ length: 300 }, (_, seed) => block('noise', seed)));
    await save(memory.place(), bytes, { compression: 'none' });
    const objects = memory.names('data').map((name) => memory.files.get(name)?.bytes ?? Buffer.alloc(0));
    expect(objects.length).toBe(2);
    expect(Math.max(...objects.map((object) => object.length))).toBeLessThan(16.1 * 2 ** 20);
    expect(Buffer.concat(objects.map(unpacked)).equals(bytes)).toBe(true);
  });

  it('goes into objects of at most 4,096 blocks', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.alloc(4200 * BLOCK, 'text');
    const { payload } = await save(memory.place(), bytes);
    const { objects } = await readMap(memory.place(), payload.name);
    expect(objects.map(({ blocks }) => blocks)).toEqual([4096, 104]);
  });

  it('is no point if the check throws, and the next run sends nothing twice', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(5), 90, 0);
    const check = () => {
      throw new Error('the digest differs');
    };
    await expect(save(memory.place(), bytes, { check })).rejects.toThrow('the digest differs');
    expect(memory.names('maps')).toEqual([]);
    const before = memory.names('data');
    const next = await save(memory.place(), bytes);
    expect(memory.names('data')).toEqual(before);
    expect((await restored(memory.place(), next.payload.name)).equals(bytes)).toBe(true);
  });

  it('stops at the signal', async () => {
    const stop = new AbortController();
    const memory = new MemoryPlace();
    const source = (async function* () {
      yield block('noise', 1);
      stop.abort(new Error('stopped'));
      yield block('noise', 2);
    })();
    await expect(save(memory.place(), source, { signal: stop.signal })).rejects.toThrow('stopped');
    expect(memory.names('maps')).toEqual([]);
  });

  it('passes on what the source throws, however far it was', async () => {
    for (const pieces of [0, 1, 3, 40]) {
      const source = (async function* () {
        for (let piece = 0; piece < pieces; piece += 1) yield Buffer.alloc(1 << 20, piece + 1);
        throw new Error('cut off');
      })();
      await expect(save(new MemoryPlace().place(), source)).rejects.toThrow('cut off');
    }
  });
});

describe('the next point', () => {
  it('sends only what changed', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(3), 100, 5);
    const first = await save(memory.place(), bytes);
    const again = await save(memory.place(), bytes);
    expect(again.base).toBe(first.payload.name);
    expect(again.payload.sent).toBe(again.payload.stored.size);
    block('noise', 99).copy(bytes, 50 * BLOCK);
    const third = await save(memory.place(), bytes);
    expect((await restored(memory.place(), third.payload.name)).equals(bytes)).toBe(true);
    expect(third.payload.sent).toBeLessThan(70_000);
    expect(memory.names('data').length).toBe(2);
    expect(memory.names('open')).toEqual([]);
  });

  it('tells how many bytes of the disk it took over', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.concat([
      block('noise', 1),
      block('zeros', 0),
      block('text', 2),
      block('noise', 3, 7),
    ]);
    await save(memory.place(), bytes);
    const { payload } = await save(memory.place(), bytes);
    expect(payload.takenOver).toBe(2 * BLOCK + 7);
  });

  it('builds on the last one whether the disk grew or shrank', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(8), 100, 1000);
    await save(memory.place(), bytes);
    const grown = await save(memory.place(), Buffer.concat([bytes, disk(random(9), 20, 0)]));
    const shrunk = await save(memory.place(), bytes.subarray(0, 30 * BLOCK + 17));
    expect(grown.payload.takenOver).toBeGreaterThan(40 * BLOCK);
    expect(shrunk.payload.takenOver).toBeGreaterThan(10 * BLOCK);
    expect(
      (await restored(memory.place(), shrunk.payload.name)).equals(bytes.subarray(0, 30 * BLOCK + 17)),
    ).toBe(true);
  });

  it('reads nothing where the cloud says that nothing changed', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(11), 100, 1000);
    const { payload } = await save(memory.place(), bytes);
    const known = { size: bytes.length, digest: payload.digest };
    const next = await save(memory.place(), never(), { known });
    expect(next.payload.takenOver).toBeGreaterThan(0);
    expect(next.payload.sent).toBe(next.payload.stored.size);
    expect(next.digests).toEqual({ sha256: digest(bytes) });
    expect((await restored(memory.place(), next.payload.name)).equals(bytes)).toBe(true);
    const withHead = await save(memory.place(), bytes, { known, head: 16 });
    expect(withHead.head).toEqual(bytes.subarray(0, 16));
  });

  it.each<[string, Partial<DiskOptions>]>([
    ['another digest', { known: { size: 8 * BLOCK, digest: { algorithm: 'sha256', value: 'ab' } } }],
    ['a part that is due to be sent again', { refresh: 3 }],
    ['a digest that is not known', { digests: ['sha512'] }],
  ])('is read where there is %s', async (_, options) => {
    const memory = new MemoryPlace();
    const bytes = Buffer.alloc(8 * BLOCK, 'x');
    const { payload } = await save(memory.place(), bytes);
    const known = { size: bytes.length, digest: payload.digest };
    await expect(save(memory.place(), never(), { known, ...options })).rejects.toThrow('read');
  });

  const converted = { format: 'qcow2', size: 999, digest: { algorithm: 'sha512', value: 'cd' } };

  it('reads nothing where the image that it is made of is that of the last point', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(12), 20, 1000);
    await save(memory.place(), bytes, { converted });
    const next = await save(memory.place(), never(), { converted });
    expect(next.payload.sent).toBe(next.payload.stored.size);
    expect((await restored(memory.place(), next.payload.name)).equals(bytes)).toBe(true);
    expect((await readMap(memory.place(), next.payload.name)).header.converted).toEqual(converted);
    // And so the one after it.
    await save(memory.place(), never(), { converted });
  });

  it.each<[string, Partial<DiskOptions>]>([
    ['other bytes', { converted: { ...converted, digest: { algorithm: 'sha512', value: 'ce' } } }],
    ['another algorithm', { converted: { ...converted, digest: { algorithm: 'md5', value: 'cd' } } }],
    ['another size', { converted: { ...converted, size: 998 } }],
    ['another format', { converted: { ...converted, format: 'vmdk' } }],
    ['no digest', { converted: { ...converted, digest: null } }],
    ['a part that is due to be sent again', { converted, refresh: 3 }],
    ['no conversion', { known: { size: 999, digest: converted.digest } }],
  ])('is read where the image has %s', async (_, options) => {
    const memory = new MemoryPlace();
    await save(memory.place(), Buffer.alloc(8 * BLOCK, 'x'), { converted });
    await expect(save(memory.place(), never(), options)).rejects.toThrow('read');
  });

  it('takes a disk in another format for none that was encrypted', async () => {
    const noise = (seed: number) =>
      Buffer.concat(Array.from({ length: 20 }, (_, at) => block('noise', seed + at)));
    const jumpIn = async (options: Partial<DiskOptions>) => {
      const memory = new MemoryPlace();
      for (let night = 0; night < 5; night += 1) await save(memory.place(), noise(0));
      return (await save(memory.place(), noise(100), options)).payload.change?.jump;
    };
    expect(await jumpIn({})).toBe('rewritten');
    expect(await jumpIn({ converted })).toBeUndefined();
  });

  it('notices a disk that was wiped with ones, and one of which a part was encrypted beside other changes', async () => {
    // Compresses, but not to nothing.
    const text = (seed: number) =>
      Buffer.from(
        createHash('shake256', { outputLength: 10 * BLOCK })
          .update(`${seed}`)
          .digest('hex'),
      );
    const noise = Buffer.concat(Array.from({ length: 6 }, (_, at) => block('noise', at)));
    const jumpOf = async (disk: Buffer) => {
      const memory = new MemoryPlace();
      for (let night = 0; night < 5; night += 1) await save(memory.place(), text(0));
      return (await save(memory.place(), disk)).payload.change;
    };
    expect(await jumpOf(Buffer.alloc(20 * BLOCK, 0xff))).toEqual({
      used: 0,
      fresh: 0,
      packed: 0,
      dense: 0,
      jump: 'emptied',
    });
    const partly = Buffer.concat([noise, text(100).subarray(6 * BLOCK)]);
    expect(await jumpOf(partly)).toMatchObject({
      fresh: 20 * BLOCK,
      dense: 6 * BLOCK,
      jump: 'rewritten',
    });
    expect(await jumpOf(text(100))).toMatchObject({ fresh: 20 * BLOCK, dense: 0 });
    expect(await jumpOf(text(100))).not.toHaveProperty('jump');
  });

  it('notices that it was encrypted although the run that stored most of it was interrupted', async () => {
    const memory = new MemoryPlace();
    const blocks = 300;
    const noise = (seed: number) =>
      createHash('shake256', { outputLength: blocks * BLOCK })
        .update(`${seed}`)
        .digest();
    for (let night = 0; night < 5; night += 1) await save(memory.place(), noise(0));
    const encrypted = noise(1);
    const interrupted = async function* () {
      yield encrypted.subarray(0, 290 * BLOCK);
      throw new Error('out of time');
    };
    await expect(save(memory.place(), interrupted())).rejects.toThrow('out of time');
    expect(memory.names('open')).not.toEqual([]);
    const { payload } = await save(memory.place(), encrypted);
    expect(payload.takenOver).toBeGreaterThan(200 * BLOCK);
    expect(payload.change).toMatchObject({ fresh: blocks * BLOCK, jump: 'rewritten' });
    expect((await save(memory.place(), encrypted)).payload.change).toMatchObject({ fresh: 0, packed: 0 });
  });

  async function* never(): AsyncGenerator<Uint8Array> {
    yield Promise.reject(new Error('it was read'));
  }

  it('sends a further part again in each run, and begins anew at the end', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.concat(Array.from({ length: 10 }, (_, seed) => block('noise', seed)));
    await save(memory.place(), bytes, { refresh: 3 });
    const [oldest] = memory.names('data');
    const taken: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      const { payload } = await save(memory.place(), bytes, { refresh: 3 });
      taken.push(payload.takenOver / BLOCK);
      expect((await restored(memory.place(), payload.name)).equals(bytes)).toBe(true);
    }
    expect(taken).toEqual([6, 6, 8, 6]);
    const last = await readMap(memory.place(), memory.names('maps').at(-1) ?? '');
    // Nothing is left of the first run.
    expect(last.objects.map(({ name }) => name)).not.toContain(oldest);
  });

  it('sends again what the store has lost', async () => {
    const memory = new MemoryPlace();
    const bytes = Buffer.concat(Array.from({ length: 300 }, (_, seed) => block('noise', seed)));
    const { payload } = await save(memory.place(), bytes);
    memory.files.delete(memory.names('data')[0] ?? '');
    const known = { size: bytes.length, digest: payload.digest };
    const next = await save(memory.place(), bytes, { known });
    expect(next.payload.takenOver).toBeGreaterThan(0);
    expect((await restored(memory.place(), next.payload.name)).equals(bytes)).toBe(true);
  });

  it('sends again what has no ids any more', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(4), 50, 3);
    await save(memory.place(), bytes);
    const [ids = ''] = memory.names('ids');
    memory.files.set(ids, { bytes: Buffer.alloc(memory.files.get(ids)?.bytes.length ?? 0), modified: 0 });
    const next = await save(memory.place(), bytes);
    expect(next.payload.takenOver).toBe(0);
    expect((await restored(memory.place(), next.payload.name)).equals(bytes)).toBe(true);
  });

  it('of another volume builds on none', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(4), 50, 3);
    await save(memory.place(), bytes);
    const other = await save(memory.place(), bytes, {}, { kind: 'volume', id: 'another' });
    expect(other).not.toHaveProperty('base');
    expect(other).not.toHaveProperty('why');
    expect(other.payload.takenOver).toBe(0);
  });

  it('says why it builds on none', async () => {
    const { first, both, second, open } = await people();
    const bytes = disk(random(6), 30, 3);
    const memory = new MemoryPlace();
    const next = async (options: Partial<DiskOptions>) => {
      const { why, base, payload } = await save(memory.place(), bytes, options);
      expect(
        (await restored(memory.place(), payload.name, seals(options) ? open : undefined)).equals(bytes),
      ).toBe(true);
      expect(payload.takenOver > 0).toBe(base !== undefined);
      return why?.replace(/^\S+ /, '');
    };
    const seals = ({ seal }: Partial<DiskOptions>) => seal !== undefined && seal !== second;
    expect(await next({ storeKey: KEY })).toBeUndefined();
    expect(await next({ storeKey: KEY, compression: 'none' })).toBeUndefined();
    expect(await next({})).toBe('was made with another store key');
    expect(await next({ seal: both, storeKey: KEY })).toBe('was made with another store key');
    expect(await next({ seal: both, storeKey: KEY })).toBeUndefined();
    // Whoever opens ours opens theirs.
    expect(await next({ seal: first, storeKey: KEY })).toBeUndefined();
    expect(await next({ storeKey: KEY })).toBe('is sealed, and this backup is not');
    // The last but one fits.
    expect(await next({ seal: first, storeKey: KEY })).toBeUndefined();
    const { why } = await save(memory.place(), bytes, { seal: second, storeKey: KEY });
    expect(why).toMatch(/is not sealed to all recipients of this backup$/);
    const one = new MemoryPlace();
    await save(one.place(), bytes, { seal: first, storeKey: KEY });
    const more = await save(one.place(), bytes, { seal: both, storeKey: KEY });
    expect(more.why).toMatch(/is not sealed to all recipients of this backup$/);
    expect(await next({ seal: first })).toMatch(/`store-key` was given/);
    const clear = new MemoryPlace();
    await save(clear.place(), bytes, { storeKey: KEY });
    const sealed = await save(clear.place(), bytes, { seal: first, storeKey: KEY });
    expect(sealed.why).toMatch(/ is in clear, and this backup is sealed$/);
  });

  it('keeps only those recipients that something is sealed to', async () => {
    const { first, both } = await people();
    const memory = new MemoryPlace();
    const bytes = Buffer.concat([block('noise', 1), block('noise', 2)]);
    const sets = async () => {
      const { header } = await readMap(memory.place(), memory.names('maps').at(-1) ?? '');
      return header.recipients;
    };
    await save(memory.place(), bytes, { seal: both, storeKey: KEY });
    expect(await sets()).toEqual([both.recipients]);
    block('noise', 3).copy(bytes);
    await save(memory.place(), bytes, { seal: first, storeKey: KEY });
    expect(await sets()).toEqual([first.recipients, both.recipients]);
    block('noise', 4).copy(bytes, BLOCK);
    await save(memory.place(), bytes, { seal: first, storeKey: KEY });
    expect(await sets()).toEqual([first.recipients]);
  });

  it('without a store key writes no ids and no checkpoints', async () => {
    const { first, open } = await people();
    const memory = new MemoryPlace();
    const bytes = disk(random(6), 30, 3);
    const saved = await save(memory.place(), bytes, { seal: first });
    expect([memory.names('ids'), memory.puts.filter((name) => name.includes('/open/'))]).toEqual([[], []]);
    const { header } = await readMap(memory.place(), saved.payload.name);
    expect([header.key, header.tag, header.ids.count]).toEqual([null, null, 0]);
    expect((await restored(memory.place(), saved.payload.name, open)).equals(bytes)).toBe(true);
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
