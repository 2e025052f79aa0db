import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { list } from '../../src/commands/list.ts';
import { prune } from '../../src/commands/prune.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { verify } from '../../src/commands/verify.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { openBlocks } from '../../src/payload/blocks/open.ts';
import { allOf } from '../../src/stream/chunks.ts';
import { startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Asked, type FarStore, farS3, farSwift, KINDS, type Kind } from '../support/far-stores.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import type { Told } from '../support/in-process.ts';
import { memoryPlace } from '../support/memory-place.ts';
import { seeded } from '../support/random.ts';
import { forget, newIn, standing } from '../support/standing.ts';

/** All cases, and not a sample of them: minutes. */
const ALL = process.env['STORE_MATRIX'] === 'all';
const SEED = Number(process.env['SEED'] ?? '1');
/** Of each command at each store. */
const SAMPLE = 6;

const HOUR = 3_600_000;
const SIZE = 1 << 20;
const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const MANY_NIGHTS = {
  'keep-last': '1',
  'min-copies': '1',
  'allow-unsigned': 'true',
  'allow-over-half': 'true',
};

type CommandName = 'backup' | 'restore' | 'verify' | 'prune';

/** A store with nights in it, that is as it was before each test. */
interface Far {
  readonly world: EmbeddedWorld;
  readonly store: FarStore;
  readonly volume: string;
  /** What the disk held, by restore point. */
  readonly nights: Map<string, Buffer>;
  /** What it holds now. */
  readonly bytes: Buffer;
  /** What others keep beside the store. */
  readonly foreign: ReadonlyMap<string, Buffer>;
  /** What the last night put: a stale list lacks it. */
  readonly fresh: ReadonlySet<string>;
  run(name: CommandName): Promise<Told>;
  listed(): Promise<readonly { readonly point: string; readonly state: string; readonly why: string }[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

const COMMANDS: Record<
  CommandName,
  (run: Runner, given: Record<string, string>, volume: string) => Promise<Told>
> = {
  backup: (run, given, volume) =>
    run(backupVolume, { ...given, volumes: volume, method: 'image', publish: 'store' }),
  restore: (run, given, volume) =>
    run(restoreVolume, {
      ...given,
      volume,
      manifest: 'latest:store',
      'allow-unsigned': 'true',
      name: 'back',
    }),
  verify: (run, given) => run(verify, { ...given, manifest: 'store', level: 'L1b' }),
  prune: (run, given) => run(prune, { ...given, ...MANY_NIGHTS, manifest: 'store' }),
};

async function farWorld(kind: 's3' | 'swift'): Promise<Far> {
  const world = await embeddedWorld({ tickMs: 'manual', gibBytes: SIZE });
  const { cloud } = world;
  const clock: HandClock = handClock(cloud);
  const container = cloud.seed.addContainer('backups');
  const s3 = await startS3('backups', [KEYS]);
  s3.now = clock.now;
  const store = kind === 's3' ? farS3(s3, KEYS, clock.now) : farSwift(cloud, container, clock.now);
  const put = (key: string, bytes: Buffer) => {
    if (kind === 's3') s3.objects.set(key, { bytes, modified: clock.now(), listed: 0 });
    else container.objects.set(key, { bytes, md5: '', type: 'x', modified: new Date(clock.now()) });
  };
  const run = runnerOf(world, () => clock);
  const given = { store: store.place, ...store.access };
  const foreign = new Map(
    ['far.txt', 'far/notes.txt', 'far/volume-mine/data/x', 'far2/volume-a/maps/x', 'z'].map((key) => [
      key,
      randomBytes(50),
    ]),
  );
  for (const [key, bytes] of foreign) put(key, bytes);
  const volume = await world.makeVolume({ name: 'db', content: randomBytes(300_000) });
  const nights = new Map<string, Buffer>();
  const write = async (at: number) => world.write(volume, at, randomBytes(100_000));
  const content = () => world.content(volume, SIZE);
  const save = async () => {
    const told = await COMMANDS.backup(run, given, volume);
    expect([told.code, told.error]).toEqual([0, '']);
    for (const point of pointsIn(store).keys()) if (!nights.has(point)) nights.set(point, await content());
  };
  const quiet = async (name: CommandName) => {
    const told = await COMMANDS[name](run, given, volume);
    expect([told.code, told.error]).toEqual([0, '']);
  };
  for (const at of [0, 200_000]) {
    await save();
    clock.pass(20 * HOUR);
    await write(at);
  }
  // What the first nights had goes with the next prune.
  await save();
  await quiet('prune');
  clock.pass(60 * HOUR);
  await write(600_000);
  await save();
  await write(100_000);
  const earlier = new Set(store.held().keys());
  await save();
  const fresh = new Set([...store.held().keys()].filter((key) => !earlier.has(key)));
  await write(400_000);
  const bytes = await content();
  const back = store.copy();
  const before = standing(cloud);
  return {
    world,
    store,
    volume,
    nights,
    bytes,
    foreign,
    fresh,
    run: (name) => COMMANDS[name](run, given, volume),
    async listed() {
      const told = await run(list, { ...given, manifest: 'store' });
      expect([told.code, told.error]).toEqual([0, '']);
      return JSON.parse(told.outputs['points'] ?? '[]');
    },
    async reset() {
      store.calm();
      cloud.faults.clear();
      await cloud.ticks.settle();
      forget(cloud, newIn(cloud, before));
      back();
    },
    async close() {
      await s3[Symbol.asyncDispose]();
      await world.close();
    },
  };
}

/** The restore points that manifests and journals of a store name, as they lie there. */
function pointsIn(store: FarStore): Map<string, Manifest['restorePoints'][number]> {
  const found = new Map<string, Manifest['restorePoints'][number]>();
  for (const [key, bytes] of store.held()) {
    if (key.endsWith('/manifest.json'))
      for (const point of (JSON.parse(String(bytes)) as Manifest).restorePoints) found.set(point.id, point);
    if (key.includes('.journal.'))
      for (const line of String(bytes).trim().split('\n')) {
        const { point } = JSON.parse(line) as { point?: Manifest['restorePoints'][number] };
        if (point !== undefined) found.set(point.id, point);
      }
  }
  return found;
}

/** What a restore point gives, without the network. */
async function restored(store: FarStore, id: string): Promise<Buffer> {
  const point = pointsIn(store).get(id);
  if (point?.method !== 'image' || point.payload?.layout !== 'blocks') throw new Error(`no blocks of ${id}`);
  const place = memoryPlace();
  for (const [key, bytes] of store.held()) place.held.set(key.replace(/^far\//, ''), bytes);
  return allOf(openBlocks(place, point.payload, undefined));
}

/** Nothing of others changed; and whatever is called good gives back its night. */
async function expectTrue(far: Far): Promise<readonly string[]> {
  const held = far.store.held();
  for (const [key, bytes] of far.foreign) expect([key, held.get(key)?.equals(bytes)]).toEqual([key, true]);
  const whole = (await far.listed()).filter(({ state }) => state === 'whole').map(({ point }) => point);
  for (const point of whole) {
    const bytes = await restored(far.store, point);
    expect(bytes.equals(far.nights.get(point) ?? far.bytes)).toBe(true);
  }
  return whole;
}

function expectClear({ code, error, log }: Told): void {
  expect(log + error).not.toMatch(/TypeError|undefined|\[object/);
  if (code === 0) return;
  const errors = [error, ...log.split('\n').filter((line) => /(^|\s)error: /.test(line))].filter(
    (one) => one !== '',
  );
  expect(errors).not.toEqual([]);
  for (const one of errors)
    expect(one).toMatch(
      /cannot|failed|could not|not verified|is not|broke off|is missing|is used up|is gone|is damaged|already has|was altered|nothing could be verified|has \d+ bytes/,
    );
}

interface Case {
  readonly kind: Kind;
  readonly nth: number;
  readonly asked: Asked;
  readonly what: string;
}

/** Each fault at each request that it can befall; of a sample, some faults at one each. */
function casesOf(asked: readonly Asked[], kinds: readonly Kind[], seed: number): Case[] {
  const random = seeded(seed);
  const all = kinds.map((kind) =>
    asked.flatMap((one, at) =>
      KINDS[kind].at(one)
        ? [
            {
              kind,
              nth: at + 1,
              asked: one,
              what: `${one.method} ${one.key.replace(/^.*\/(?=[^/]+\/)/, '') || 'list'}`,
            },
          ]
        : [],
    ),
  );
  if (ALL) return all.flat();
  const chosen: Case[] = [];
  while (chosen.length < SAMPLE) {
    const [left = []] = all.splice(random(all.length), 1);
    chosen.push(...left.splice(random(left.length), 1));
  }
  return chosen;
}

/** What must be true after a run that was struck, and after the next one. */
const PROOFS: Record<
  CommandName,
  (far: Far, told: Told, before: ReadonlyMap<string, string>, kind: Kind) => Promise<void>
> = {
  async backup(far, told, before) {
    const { cloud } = far.world;
    const first = await expectTrue(far);
    const isSaved = first.some((point) => !far.nights.has(point));
    if (told.code === 0) expect(isSaved).toBe(true);
    expect((await far.run('backup')).code).toBe(0);
    await cloud.ticks.settle();
    const second = await expectTrue(far);
    expect(second.length).toBe(first.length + 1);
    expect(newIn(cloud, before)).toEqual([]);
    expect((await far.run('verify')).code).toBe(0);
  },
  async restore(far, told, before, kind) {
    const { cloud } = far.world;
    const made = told.outputs['volume-id'];
    if (told.code === 0) expect(made).toBeDefined();
    // Which night is the newest is read from a list.
    if (made !== undefined && kind !== 'a list that is stale') await expectNewest(far, made);
    if (made !== undefined) await expectNight(far, made);
    const next = await far.run('restore');
    expect([next.code, next.error]).toEqual([0, '']);
    await cloud.ticks.settle();
    await expectNewest(far, next.outputs['volume-id'] ?? '');
    const known = [made, next.outputs['volume-id']];
    expect(newIn(cloud, before).filter((id) => !known.includes(id))).toEqual([]);
    await expectTrue(far);
  },
  async verify(far, told, _before, kind) {
    // All is well there: whatever happens on the way is no damage.
    const verdicts = JSON.parse(told.outputs['verified'] ?? '[]') as {
      fault?: string;
      level: string | null;
    }[];
    const count = far.nights.size - 2;
    const isLie = kind === '200 with an error inside';
    if (!isLie) {
      expect(verdicts.filter(({ fault }) => fault !== undefined)).toEqual([]);
      expect(await expectTrue(far)).toHaveLength(count);
    }
    if (told.code === 0) expect(verdicts.filter(({ level }) => level === 'L1b')).toHaveLength(count);
    expect((await far.run('verify')).code).toBe(0);
    expect(await expectTrue(far)).toHaveLength(count);
  },
  async prune(far) {
    const newest = [...far.nights.keys()].at(-1) ?? '';
    expect(await expectTrue(far)).toContain(newest);
    for (let again = 0; again < 2; again += 1) {
      const next = await far.run('prune');
      expect([next.code, next.error]).toEqual([0, '']);
      expect(await expectTrue(far)).toEqual([newest]);
    }
  },
};

async function expectNewest({ nights, world }: Far, id: string): Promise<void> {
  const bytes = await world.content(id, SIZE);
  expect(bytes.equals([...nights.values()].at(-1) ?? Buffer.of())).toBe(true);
}

async function expectNight({ nights, world }: Far, id: string): Promise<void> {
  const bytes = await world.content(id, SIZE);
  expect([...nights.values()].some((night) => night.equals(bytes))).toBe(true);
}

for (const place of ['s3', 'swift'] as const) {
  // Jest calls no hook where no test is wanted: what is open here must be closed here.
  const scout = await farWorld(place);
  const smooth = new Map<CommandName, readonly Asked[]>();
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    const from = scout.store.asked().length;
    const told = await scout.run(name);
    expect([name, told.code, told.error]).toEqual([name, 0, '']);
    smooth.set(name, scout.store.asked().slice(from));
    await scout.reset();
  }
  const { kinds } = scout.store;
  await scout.close();

  describe(`a store in ${place}`, () => {
    let far: Far;
    beforeAll(async () => {
      far = await farWorld(place);
    });
    afterEach(() => far.reset());
    afterAll(() => far.close());

    describe.each([...smooth])('%s', (name, asked) => {
      test.each(casesOf(asked, kinds, SEED + name.length * place.length))(
        '$kind, at request $nth: $what',
        async ({ kind, nth }) => {
          const { cloud } = far.world;
          const before = standing(cloud);
          const planted = far.store.strike(kind, nth, far.fresh);
          let died = false;
          if (kind === 'a kill')
            cloud.faults.add({
              when: { times: Number.POSITIVE_INFINITY, body: () => (died ||= planted.hits > 0) },
              do: 'connection-reset',
            });
          const told = await far.run(name);
          expect(planted.hits).toBeGreaterThan(0);
          far.store.calm();
          cloud.faults.clear();
          await cloud.ticks.settle();
          expectClear(told);
          await PROOFS[name](far, told, before, kind);
        },
      );
    });
  });
}
