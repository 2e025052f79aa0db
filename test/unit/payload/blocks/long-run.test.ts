import { createCipheriv } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import { opener, sealer } from '../../../../src/keys/age.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import type { DiskOptions } from '../../../../src/payload/blocks/save.ts';
import { FOLDER, HOUR, type StoreWorld, storeWorld } from '../../../support/store-world.ts';
import { block, KEY, random, restored, save } from './disks.ts';

const RESOURCE = { kind: 'volume', id: 'v1' } as const;
const MIB = 1 << 20;

async function ways() {
  const { generateIdentity, identityToRecipient } = await import('age-encryption');
  const identity = await generateIdentity();
  const recipients = [await identityToRecipient(identity)];
  const seal = { recipients, sealer: await sealer(recipients) };
  const open = await opener(identity, 'it');
  const all: [Partial<DiskOptions>, typeof open | undefined][] = [
    [{}, undefined],
    [{ seal, storeKey: KEY }, open],
    // Without a store key: nothing is taken over, and nothing but the run itself needs what it stores.
    [{ seal }, open],
  ];
  return all;
}

/** Blocks that do not shrink: more of them than an object has. */
function noise(next: (below: number) => number, blocks: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, next(256)), Buffer.alloc(16, next(256)));
  return cipher.update(Buffer.alloc(blocks * BLOCK));
}

/** A disk that flows for days, while others do something. */
async function* slowly(bytes: Buffer, piece: number, meanwhile: (at: number) => Promise<void>) {
  for (let at = 0; at < bytes.length; at += piece) {
    await meanwhile(at);
    yield bytes.subarray(at, at + piece);
  }
}

const open = (world: StoreWorld) => [...world.held.keys()].filter((name) => name.includes('/open/'));

jest.setTimeout(240_000);

describe('a run of days', () => {
  it('keeps all that it needs, whoever prunes meanwhile', async () => {
    const next = random(5);
    let pruned = 0;
    for (const [options, opened] of await ways()) {
      const world = storeWorld(next);
      const place = world.open();
      const bytes = noise(next, 260 + next(30));
      const settings = { ...options, now: world.now };
      await save(place, bytes, settings, RESOURCE);
      for (let change = 0; change < 3; change += 1) block('noise', next(1 << 30)).copy(bytes, change << 20);
      world.pass(100 * HOUR);
      const hours = 60 + next(60);
      const source = slowly(bytes, MIB, async () => {
        world.pass((hours / (bytes.length / MIB)) * HOUR);
        if (next(2) > 0) return;
        await world.prune(place, 0);
        pruned += 1;
      });
      const { payload } = await save(place, source, settings, RESOURCE);
      expect((await restored(place, payload.name, opened)).equals(bytes)).toBe(true);
      expect(open(world)).toEqual([]);
    }
    expect(pruned).toBeGreaterThan(12);
  });

  it('notes a few times a day that it is under way', async () => {
    const world = storeWorld(() => 0);
    const seen: number[] = [];
    const source = slowly(Buffer.alloc(48 * MIB), MIB / 2, async () => {
      world.pass(HOUR);
      seen.push(open(world).length);
    });
    await save(world.open(), source, { now: world.now }, RESOURCE);
    // The one before goes once the next is there.
    expect([1, 2]).toContain(Math.max(...seen));
    expect(seen.filter((count) => count > 1).length).toBeLessThan(seen.length / 4);
    expect(open(world)).toEqual([]);
    const puts = world.put.filter((name) => name.startsWith(`${FOLDER}/open/`));
    expect(puts.length).toBeGreaterThan(5);
    expect(puts.length).toBeLessThan(9);
  });

  const asleep = async (meanwhile: (world: StoreWorld) => Promise<void>) => {
    const world = storeWorld(() => 0);
    const place = world.open();
    const bytes = noise(random(6), 100);
    await save(place, bytes, { now: world.now }, RESOURCE);
    const before = [...world.held.keys()];
    const source = slowly(bytes, MIB, async (at) => {
      // What it builds on was read by then.
      if (at !== 5 * MIB) return;
      world.pass(60 * HOUR);
      await meanwhile(world);
    });
    return { world, place, bytes, before, run: () => save(place, source, { now: world.now }, RESOURCE) };
  };

  it('that stood still fails if what it took over went', async () => {
    const { world, before, run } = await asleep(async (world) => {
      await world.prune(world.open(), 0);
      world.pass(60 * HOUR);
      await world.prune(world.open(), 0);
    });
    await expect(run()).rejects.toThrow(/volume-v1\/data\/\S+( and \d+ others)? went from memory while/);
    expect(
      [...world.held.keys()].filter((name) => !before.includes(name) && name.includes('/maps/')),
    ).toEqual([]);
  });

  it('that stood still goes on if all is there', async () => {
    const { place, bytes, run } = await asleep(async () => undefined);
    const { payload } = await run();
    expect(payload.takenOver).toBe(bytes.length);
    expect((await restored(place, payload.name)).equals(bytes)).toBe(true);
  });

  it.each([true, false])('needs no list if it may only add: %s', async (mayOnlyAdd) => {
    const world = storeWorld(() => 0);
    const place = world.open();
    const bytes = block('noise', 1);
    await save(place, bytes, { now: world.now }, RESOURCE);
    let slept = mayOnlyAdd;
    const list: typeof place.list = (prefix) => {
      if (slept) throw new InputError('it cannot be listed');
      return place.list(prefix);
    };
    const source = slowly(bytes, MIB, async () => {
      world.pass(30 * HOUR);
      slept = true;
    });
    const run = save({ ...place, list }, source, { now: world.now }, RESOURCE);
    if (!mayOnlyAdd) await expect(run).rejects.toThrow('it cannot be listed');
    else expect((await restored(place, (await run).payload.name)).equals(bytes)).toBe(true);
  });
});
