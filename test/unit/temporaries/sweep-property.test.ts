import { describe, expect, test } from '@jest/globals';
import type { Holdings } from '../../../src/temporaries/holdings.ts';
import { findLeftovers } from '../../../src/temporaries/leftovers.ts';
import { parseTemporary, writeTemporary } from '../../../src/temporaries/tags.ts';
import { fractions } from '../../support/random.ts';
import { type Fate, type Story, tell } from '../../support/sweep-model.ts';

/** Ids of what would be removed. */
type Judge = (story: Story) => Promise<string[]>;

const real: Judge = async ({ holdings, liveness, now }) =>
  (await findLeftovers(holdings, liveness, now)).flatMap((left) => (left.action === 'delete' ? left.id : []));

const INVENTORIES = 2_000;

interface Proof {
  readonly violations: readonly string[];
  /** How many things of each fate there were. */
  readonly things: Readonly<Record<Fate, number>>;
  readonly removed: number;
}

/** @param enough violations after which it ends */
async function prove(judge: Judge, inventories: number, enough = Number.POSITIVE_INFINITY): Promise<Proof> {
  const violations: string[] = [];
  const things = { stays: 0, goes: 0, either: 0 };
  let removed = 0;
  for (let seed = 1; seed <= inventories && violations.length < enough; seed += 1) {
    const story = tell(fractions(seed));
    const gone = new Set(await judge(story));
    removed += gone.size;
    for (const [id, fate] of story.fates) {
      things[fate] += 1;
      if (fate === 'stays' && gone.has(id)) violations.push(`seed ${seed}: ${id} went, and had to stay`);
      if (fate === 'goes' && !gone.has(id)) violations.push(`seed ${seed}: ${id} stayed, and had to go`);
    }
    for (const id of gone)
      if (!story.fates.has(id)) violations.push(`seed ${seed}: ${id} is none of the story's`);
  }
  return { violations, things, removed };
}

describe('over all inventories', () => {
  test('nothing goes that a dead run did not make, or that is whole, alive or used; what is ours, broken and dead goes', async () => {
    const { violations, things, removed } = await prove(real, INVENTORIES);
    process.stdout.write(
      `${INVENTORIES} inventories: ${things.stays} things had to stay, ${things.goes} to go, ${things.either} might; ${removed} went\n`,
    );
    expect(violations.slice(0, 5)).toEqual([]);
    for (const count of Object.values(things)) expect(count).toBeGreaterThan(INVENTORIES / 5);
    expect(removed).toBeGreaterThanOrEqual(things.goes);
  }, 120_000);
});

describe('a mistake that is planted is found', () => {
  const texts = (thing: object) => JSON.stringify(thing);
  const everything = ({ backups: _backups, ...others }: Holdings) => Object.values(others).flat();
  const mistakes: Record<string, Judge> = {
    'a sweep by name': async ({ holdings }) =>
      everything(holdings).flatMap(({ id, name }) =>
        /openstack-backup|not finished/.test(name ?? '') ? id : [],
      ),
    'a copied record that is believed': (story) => {
      const believed = <T extends { readonly id: string }>(all: readonly T[]): T[] =>
        all.map((thing) =>
          JSON.parse(texts(thing), (_key, value: unknown) => {
            const record = typeof value === 'string' ? parseTemporary(value) : undefined;
            return record === undefined ? value : writeTemporary({ ...record, id: thing.id });
          }),
        );
      const { backups, volumes, snapshots, images, secrets, servers } = story.holdings;
      return real({
        ...story,
        holdings: {
          backups,
          volumes: believed(volumes),
          snapshots: believed(snapshots),
          images: believed(images),
          secrets: believed(secrets),
          servers: believed(servers),
        },
      });
    },
    'an expiry by the runner’s clock': (story) => real({ ...story, now: story.now + story.skew }),
    'a whole result that is removed': async ({ holdings, liveness, now }) =>
      (await findLeftovers(holdings, liveness, now)).flatMap((left) =>
        left.action === 'delete' || (left.action === 'tell' && left.because === 'whole') ? left.id : [],
      ),
    'one dead run, and all goes': async (story) => {
      const gone = await real(story);
      const all = await real({ ...story, liveness: async () => 'ended' });
      return gone.length > 0 ? all : gone;
    },
    'an unknown owner taken for ended': (story) =>
      real({
        ...story,
        liveness: async (owner) => ((await story.liveness(owner)) === 'alive' ? 'alive' : 'ended'),
      }),
    'nothing ever goes': async () => [],
  };
  test.each(Object.entries(mistakes))('%s', async (_name, judge) => {
    const { violations } = await prove(judge, 200, 1);
    expect(violations.length).toBeGreaterThan(0);
  });
});
