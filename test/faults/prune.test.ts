import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { prune } from '../../src/commands/prune.ts';
import type { FaultWhen } from '../fakes/cloud/index.ts';
import { FAULTS, onlyOneClearError } from '../support/faults.ts';
import { expectNothingLost, LAST, type Pruned, prunedWorld } from '../support/trials/prune.ts';

const STEPS: Readonly<Record<string, FaultWhen>> = {
  'logging in': { service: 'identity', method: 'POST' },
  'finding the versions': { service: 'volume', method: 'GET', path: /\/volume\/(v3\/)?$/ },
  'listing the volumes': { method: 'GET', path: '/volumes/detail' },
  'listing the backups': { method: 'GET', path: '/backups/detail' },
  'listing the images': { method: 'GET', path: /\/images(\?|$)/ },
  'looking at a backup again': { method: 'GET', path: /\/backups\/[0-9a-f-]{36}$/ },
  'deleting a backup': { method: 'DELETE', path: /\/backups\// },
  'looking at an image again': { method: 'GET', path: /\/images\/[0-9a-f-]{36}$/ },
  'deleting an image': { method: 'DELETE', path: /\/images\// },
};

let pruned: Pruned;
let before: ReadonlySet<string>;
beforeAll(async () => {
  pruned = await prunedWorld();
  before = pruned.held();
}, 120_000);
afterAll(() => pruned.world.close());
beforeEach(() => pruned.reset());

/** The next run, which nothing strikes, leaves what the rules keep, and nothing else. */
async function expectFinished(): Promise<void> {
  pruned.world.cloud.faults.clear();
  await pruned.world.cloud.ticks.settle();
  expectNothingLost(pruned, before, pruned.held());
  const next = await pruned.prune();
  expect([next.code, next.error]).toEqual([0, '']);
  expect([...before].filter((id) => !pruned.held().has(id)).sort()).toEqual([...pruned.goes].sort());
  expectNothingLost(pruned, before, pruned.held());
}

describe('a fault', () => {
  for (const [step, when] of Object.entries(STEPS))
    for (const [fault, { deed, times = 1 }] of Object.entries(FAULTS))
      test(`${fault}, ${step}`, async () => {
        const planted = pruned.world.cloud.faults.add({ when: { ...when, times }, do: deed });
        const struck = await pruned.prune();
        expect(planted.hits).toBeGreaterThan(0);
        onlyOneClearError(struck);
        await expectFinished();
      }, 60_000);
});

/** More than a run makes: then it comes to its end. */
const MOST_REQUESTS = 60;

test('killed at any request: the next run finishes it', async () => {
  const ended: number[] = [];
  for (let nth = 1; nth <= MOST_REQUESTS; nth += 1) {
    await pruned.reset();
    const planted = pruned.world.cloud.faults.add({
      when: { nth, times: Number.POSITIVE_INFINITY },
      do: 'connection-reset',
    });
    const struck = await pruned.prune();
    if (planted.hits === 0) break;
    expect(struck.code).not.toBe(0);
    ended.push(nth);
    await expectFinished();
  }
  expect(ended.length).toBeGreaterThan(10);
  expect(ended.length).toBeLessThan(MOST_REQUESTS);
}, 600_000);

test('two at once', async () => {
  const [one, other] = await Promise.all([pruned.prune(), pruned.prune()]);
  expect([one.code, one.error, other.code, other.error]).toEqual([0, '', 0, '']);
  await expectFinished();
}, 60_000);

test('beside a backup, which goes on with the chain that stays', async () => {
  const [one, other] = await Promise.all([
    pruned.prune(),
    pruned.run(backupVolume, { volumes: pruned.volume }),
  ]);
  expect([one.code, other.code]).toEqual([0, 0]);
  await expectFinished();
  const again = await pruned.run(prune, LAST, { dryRun: true });
  expect(again.code).toBe(0);
}, 60_000);
