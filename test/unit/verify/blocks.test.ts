import { zstdCompressSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { OperationError } from '../../../src/errors.ts';
import { sealer } from '../../../src/keys/age.ts';
import { BLOCK } from '../../../src/payload/blocks/format.ts';
import type { Place } from '../../../src/store/place.ts';
import { changed, someDisk, type Writing, type Written, writeBlocks } from '../../support/blocks-store.ts';
import { type MemoryPlace, memoryPlace } from '../../support/memory-place.ts';
import { seeded } from '../../support/random.ts';
import { pointWith, told, verifying } from './verifying.ts';

const identity = await generateIdentity();
const recipients = [await identityToRecipient(identity)];
const SEALED: Writing = { sealer: await sealer(recipients), recipients, most: 3 };

let place: MemoryPlace;
let runs: Written[];
/** Three points of a volume: the later ones take most of the first one over. */
beforeEach(async () => {
  const random = seeded(11);
  place = memoryPlace();
  runs = [];
  let disk = someDisk(random, 16);
  for (let run = 0; run < 3; run += 1) {
    runs.push(await writeBlocks(place, disk, runs.at(-1), SEALED));
    disk = changed(random, disk, 4);
  }
});
const points = () => runs.map(({ payload }) => pointWith(payload, true));
const results = async (level: 'L0' | 'L1a' | 'L1b' | 'L2', of: Place = place) =>
  (await verifying(of, points(), level, { identity })).map(told);
/** An object that only the first point needs, and one that all do. */
const sharedObject = () =>
  runs[0]?.objects.find(({ name }) => runs.every(({ objects }) => objects.some((one) => one.name === name)));

test('good points reach every level, and each object is read once for all of them', async () => {
  expect(await results('L0')).toEqual(['L0', 'L0', 'L0']);
  const objects = new Set(runs.flatMap((run) => run.objects.map(({ name }) => name)));
  place.asked.length = 0;
  expect(await results('L1a')).toEqual(['L1a', 'L1a', 'L1a']);
  const asked = place.asked.filter(({ name }) => name.includes('/data/'));
  expect(asked.map(({ name }) => name).sort()).toEqual([...objects].sort());
  expect(await results('L1b')).toEqual(['L1b', 'L1b', 'L1b']);
});

describe('a fault', () => {
  const SHARED = () => sharedObject()?.name ?? '';
  const other = () => {
    const [one] = runs[2]?.objects.filter(({ name }) => name !== SHARED()) ?? [];
    return one?.name ?? '';
  };
  const change = (name: string, how: (bytes: Buffer) => Buffer) =>
    place.held.set(name, how(Buffer.from(place.held.get(name) ?? '')));
  const flip = (bytes: Buffer) => {
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return bytes;
  };
  const sized = (size: number) => (bytes: Buffer) =>
    Buffer.concat([bytes, Buffer.alloc(size)]).subarray(0, size);

  test.each<[string, () => unknown, 'L0' | 'L1a', string]>([
    ['a flipped bit', () => change(SHARED(), flip), 'L1a', 'was altered: its SHA-256 is'],
    ['a missing object', () => place.held.delete(SHARED()), 'L0', 'is not there'],
    ['a cut one', () => change(SHARED(), (bytes) => bytes.subarray(0, -1)), 'L0', 'were stored'],
    [
      'one swapped with another, of its size',
      () => {
        const bytes = place.held.get(other()) ?? Buffer.alloc(0);
        change(SHARED(), (own) => sized(own.length)(bytes));
      },
      'L1a',
      'was altered: its SHA-256 is',
    ],
  ])('%s is found in each point that needs it', async (_what, plant, level, said) => {
    plant();
    if (level === 'L1a') expect(await results('L0')).toEqual(['L0', 'L0', 'L0']);
    const reached = level === 'L0' ? 'null' : 'L0';
    for (const depth of ['L1a', 'L1b'] as const)
      for (const result of await results(depth)) {
        expect(result).toContain(said);
        expect(result).toContain(`${reached}: payload volume-v1/maps/`);
      }
  });

  test('in the newest point alone leaves the others good', async () => {
    const own = runs[2]?.objects.find(({ name }) => !runs[1]?.objects.some((one) => one.name === name));
    change(own?.name ?? '', flip);
    expect(await results('L1a')).toEqual(['L1a', 'L1a', expect.stringContaining('was altered')]);
    expect(await results('L1b')).toEqual(['L1b', 'L1b', expect.stringContaining('was altered')]);
  });

  test('in a map is found without reading an object', async () => {
    change(runs[1]?.payload.name ?? '', flip);
    expect(await results('L0')).toEqual([
      'L0',
      expect.stringMatching(/^null: payload .* was altered: its SHA-256/),
      'L0',
    ]);
  });

  test('of the identity is no damage', async () => {
    const wrong = await verifying(place, points(), 'L1b', { identity: await generateIdentity() });
    for (const verdict of wrong)
      expect(told(verdict)).toMatch(/^L1a: unsure: .*is not sealed to this `identity`/);
  });

  test('of the place is no damage', async () => {
    const failing: Place = {
      ...place,
      get: async (name, range) => {
        if (name === SHARED()) throw new OperationError('the store answers 503', 'Try again.');
        return place.get(name, range);
      },
    };
    for (const depth of ['L1a', 'L1b'] as const)
      for (const result of await results(depth, failing))
        expect(result).toMatch(/^L0: unsure: .*the store answers 503$/);
    const unlisted: Place = {
      ...place,
      async *list(prefix) {
        if (prefix !== undefined) throw new OperationError('the store answers 503');
        yield* place.list();
      },
    };
    for (const result of await results('L0', unlisted)) expect(result).toMatch(/^null: unsure: .*503$/);
  });

  test('of a block that a thief of the credentials wrote is found by L1b, in each point that took it over', async () => {
    place = memoryPlace();
    const random = seeded(12);
    const disk = someDisk(random, 16);
    const poison: Writing['poison'] = ([, ...rest], table) => [
      zstdCompressSync(Buffer.alloc(BLOCK, 'x')),
      ...rest,
      table,
    ];
    const first = await writeBlocks(place, disk, undefined, { ...SEALED, poison });
    runs = [first, await writeBlocks(place, disk, first, SEALED)];
    expect(await results('L1a')).toEqual(['L1a', 'L1a']);
    for (const result of await results('L1b'))
      expect(result).toMatch(/^L1a: payload .*: the stored bytes are unchanged, but /);
  });
});

test('a sample is of all objects, and is told as one of each point', async () => {
  const all = await verifying(place, points(), 'L1a', { sample: { percent: 50, seed: 1 } });
  for (const { level, sampled = 100, fault } of all) {
    expect([level, fault]).toEqual(['L1a', undefined]);
    expect(sampled).toBeLessThan(100);
    expect(sampled).toBeGreaterThan(10);
  }
  const deep = await verifying(place, points(), 'L1b', { identity, sample: { percent: 34, seed: 1 } });
  expect(deep.map(({ level, sampled }) => `${level} ${sampled}`).sort()).toEqual([
    'L0 undefined',
    'L1b undefined',
    'L1b undefined',
  ]);
});

test('a disk of zeros has no object, and is good', async () => {
  const { payload } = await writeBlocks(place, Buffer.alloc(3 * BLOCK), undefined, SEALED);
  const [shallow] = await verifying(place, [pointWith(payload, true)], 'L1a');
  const [deep] = await verifying(place, [pointWith(payload, true)], 'L2', { identity });
  expect([shallow, deep].map((verdict) => verdict && told(verdict))).toEqual(['L1a', 'L1b']);
  expect(deep?.notes).toEqual(['empty: its first MiB is zeros']);
});
