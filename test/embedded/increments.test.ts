import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { bringBack, type Keeper, makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import type { Ran } from '../support/tool.ts';

const STORE_KEY = 'ab'.repeat(32);
const MIB = 1 << 20;
let world: EmbeddedWorld;
let keeper: Keeper;

beforeAll(async () => {
  world = await embeddedWorld();
  keeper = await makeKeeper();
});
afterAll(() => world.close());

const store = ['--store', 'directory:openstack-backups/payloads'];
const save = async (id: string, ...words: string[]) =>
  expectExit(
    await world.tool(['backup-volume', '--volumes', id, ...store, ...words, '--json'], {
      environment: { STORE_KEY },
    }),
    0,
  );

function sentIn({ json }: Ran): { sent: number; takenOver: number } {
  const [point] = json['restore-points'] as { sent: number; takenOver: number }[];
  if (point === undefined) throw new Error('nothing was saved');
  return { sent: point.sent, takenOver: point.takenOver };
}

describe('a disk that is saved again into a store', () => {
  test.each([
    ['sealed, with a store key', true, ['--store-key', 'env:STORE_KEY']],
    ['in clear', false, []],
  ] as const)('%s: only what changed is sent, and every night comes back', async (_, sealed, more) => {
    const id = await world.makeVolume({ name: 'nightly', content: randomBytes(3 * MIB) });
    const words = [...(sealed ? ['--recipients', keeper.recipient] : []), ...more];
    const nights: { ran: Ran; digest: string }[] = [];
    const night = async (...extra: string[]) => {
      const ran = await save(id, ...words, ...extra);
      nights.push({ ran, digest: await world.digest(id) });
      return sentIn(ran);
    };
    const full = await night();
    expect(full).toEqual({ sent: expect.any(Number), takenOver: 0 });
    expect(full.sent).toBeGreaterThan(3 * MIB);
    await world.write(id, 2 * MIB, randomBytes(1000));
    const increment = await night();
    expect(increment.sent).toBeLessThan(MIB / 4);
    expect(increment.takenOver).toBeGreaterThan(2.5 * MIB);
    const unchanged = await night();
    expect(unchanged.sent).toBeLessThan(20_000);
    expect((await night('--refresh', '1')).sent).toBeGreaterThan(3 * MIB);
    for (const { ran, digest } of nights) {
      const back = expectExit(await bringBack(world, keeper, 'restore-volume', ran, ...store), 0);
      expect(await world.digest(String(back.json['volume-id']))).toBe(digest);
    }
  });

  test('for a further recipient: the next one is full, and opened by both, and those after it are increments', async () => {
    const second = await makeKeeper();
    const id = await world.makeVolume({ name: 'shared', content: randomBytes(MIB) });
    const key = ['--store-key', 'env:STORE_KEY'];
    await save(id, '--recipients', keeper.recipient, ...key);
    const both = ['--recipients', `${keeper.recipient},${second.recipient}`, ...key];
    const full = await save(id, ...both);
    expect(full.stderr).toContain('is not sealed to all recipients of this backup');
    expect(sentIn(full).takenOver).toBe(0);
    const next = await save(id, ...both);
    expect(sentIn(next).sent).toBeLessThan(20_000);
    // One that is left out later still opens what is taken over.
    const without = await save(id, '--recipients', second.recipient, ...key);
    expect(sentIn(without).sent).toBeLessThan(20_000);
    const { json } = expectExit(await world.tool(['store', 'rekey', ...store.slice(1), '--json']), 0);
    const opens = json['opens'] as {
      recipient: string | null;
      points: number;
      oldest?: string;
      newest?: string;
    }[];
    const of = ({ recipient }: Keeper) => opens.find((one) => one.recipient === recipient);
    expect(of(second)).toMatchObject({ points: 3 });
    expect(Date.parse(of(second)?.oldest ?? '')).toBeLessThan(Date.parse(of(second)?.newest ?? ''));
    const digest = await world.digest(id);
    for (const [ran, who] of [
      [full, second],
      [next, keeper],
      [without, second],
    ] as const) {
      const back = expectExit(await bringBack(world, who, 'restore-volume', ran, ...store), 0);
      expect(await world.digest(String(back.json['volume-id']))).toBe(digest);
    }
  });

  test('an image whose digest is that of its last restore point is not read again', async () => {
    const bytes = Buffer.concat([Buffer.alloc(MIB), randomBytes(MIB)]);
    const id = await world.makeImage({ name: 'golden', bytes });
    const reads = () =>
      world.cloud.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(`${id}/file`))
        .length;
    const saved = async () =>
      sentIn(expectExit(await world.tool(['backup-image', '--images', id, ...store, '--json']), 0));
    expect((await saved()).sent).toBeGreaterThan(MIB);
    expect(reads()).toBe(1);
    expect(await saved()).toEqual({ sent: expect.any(Number), takenOver: MIB });
    expect(reads()).toBe(1);
  });

  test('sealed, without a store key: is sent in full, and says what to give', async () => {
    const id = await world.makeVolume({ name: 'keyless', content: randomBytes(MIB) });
    await save(id, '--recipients', keeper.recipient);
    const again = await save(id, '--recipients', keeper.recipient);
    expect(sentIn(again).sent).toBeGreaterThan(MIB);
    expect(again.stderr).toContain('is stored in full: no --store-key was given');
  });
});
