import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { prune } from '../../src/commands/prune.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import type { FaultWhen } from '../fakes/cloud/index.ts';
import { isWrite } from '../support/every-request.ts';
import { FAULTS, onlyOneClearError } from '../support/faults.ts';
import type { Told } from '../support/in-process.ts';
import { temporaries } from '../support/standing.ts';
import { type Applied, appliedWorld, expectHonest } from '../support/trials/apply.ts';

const ALWAYS = Number.POSITIVE_INFINITY;

/** Backup and prune do the same, and are struck there by every fault: here each fault once. */
const STEPS: Readonly<Record<string, FaultWhen>> = {
  'starting the backup': { method: 'POST', path: /\/backups$/ },
  'waiting for the backup': { method: 'GET', path: /\/backups\/[0-9a-f-]{36}$/ },
  'marking it as recorded': { method: 'PUT', path: /\/backups\/[0-9a-f-]{36}$/ },
  'deleting a backup': { method: 'DELETE', path: /\/backups\// },
};

// Jest calls no hook where no test is wanted: what is open here must be closed here.
const scout = await appliedWorld();
const from = scout.world.cloud.requests.length;
const smooth = await scout.apply().finally(() => scout.world.close());
const named = ({ method, path }: { readonly method: string; readonly path: string }) =>
  `${method} ${path.replace(/[0-9a-f-]{32,}/g, '{id}')}`;
const requests = scout.world.cloud.requests.slice(from).map(named);
const starting = await appliedWorld();
const since = starting.world.cloud.requests.length;
const begun = await starting.startOnly().finally(() => starting.world.close());
const startingRequests = starting.world.cloud.requests.slice(since);
const post = startingRequests.findIndex(isWrite);
const fromPost = startingRequests
  .slice(post)
  .map((request, at) => ({ at: post + at + 1, name: named(request) }));

let applied: Applied;
let before: ReadonlySet<string>;
beforeAll(async () => {
  applied = await appliedWorld();
  before = applied.backups();
}, 120_000);
afterAll(() => applied.world.close());
beforeEach(() => applied.reset());

/** The next run, which nothing strikes, does what is left, and nothing twice. */
async function expectFinished(): Promise<void> {
  applied.world.cloud.faults.clear();
  await applied.world.cloud.ticks.settle();
  const next = await applied.apply();
  expect([next.code, next.error]).toEqual([0, '']);
  await expectHonest(applied, before, next);
  expect(temporaries(applied.world.cloud)).toEqual([]);
}

async function struck(when: FaultWhen, fault: string, startsOnly = false): Promise<void> {
  const run = () => (startsOnly ? applied.startOnly() : applied.apply());
  const { deed, times = 1 } = FAULTS[fault] ?? { deed: 'connection-reset' };
  const plant = () => applied.world.cloud.faults.add({ when: { times, ...when }, do: deed });
  let planted = plant();
  let told = await run();
  // How often a waiting run looks depends on the moment of its looks: one may make fewer requests than the first.
  for (let again = 0; planted.hits === 0 && again < 5; again += 1) {
    expect([told.code, told.error]).toEqual([0, '']);
    await applied.reset();
    planted = plant();
    told = await run();
  }
  expect(planted.hits).toBeGreaterThan(0);
  onlyOneClearError(told);
  await applied.world.cloud.ticks.settle();
  await expectHonest(applied, before, told, startsOnly);
  await expectFinished();
}

test('with no fault all is done', () => {
  expect([smooth.code, smooth.error]).toEqual([0, '']);
  expect(requests.length).toBeGreaterThan(20);
});

describe('a fault, in turn, at each request', () => {
  const faults = Object.keys(FAULTS);
  for (const [at, request] of requests.entries()) {
    const fault = faults[at % faults.length] ?? '';
    test(`${fault}, ${at + 1}: ${request}`, async () => {
      await struck({ nth: at + 1 }, fault);
    }, 60_000);
  }
});

describe('a fault', () => {
  const steps = Object.entries(STEPS);
  for (const [at, fault] of Object.keys(FAULTS).entries()) {
    const [step, when] = steps[at % steps.length] ?? ['', {}];
    test(`${fault}, ${step}`, async () => {
      await struck(when, fault);
    }, 60_000);
  }
});

describe('killed', () => {
  for (const [at, request] of requests.entries())
    test(`at ${at + 1}: ${request}`, async () => {
      await struck({ nth: at + 1, times: ALWAYS }, 'a lost request');
    }, 60_000);
});

/** The volume may be in the hands of the other run: that saves it, so neither fails. */
function expectNobodyFailed(both: readonly Told[]): void {
  expect(both.map(({ code, outputs }) => [code, JSON.parse(outputs['failed'] ?? '[]')])).toEqual(
    both.map(() => [0, []]),
  );
}

describe('a run that only starts', () => {
  test('ends with no fault, and starts what is due', () => {
    expect([begun.code, begun.error, JSON.parse(begun.outputs['started'] ?? '')]).toEqual([
      0,
      '',
      [expect.objectContaining({ kind: 'volume', name: 'db' })],
    ]);
    expect(startingRequests.filter(isWrite).map(named)).toEqual(['POST /volume/v3/{id}/backups']);
  });

  for (const { at, name } of fromPost)
    test(`killed at ${at}: ${name}`, async () => {
      await struck({ nth: at, times: ALWAYS }, 'a lost request', true);
    }, 60_000);
  for (const fault of Object.keys(FAULTS))
    test(`${fault}, starting the backup`, async () => {
      await struck({ nth: post + 1 }, fault, true);
    }, 60_000);

  test.each<[string, () => Promise<Told>]>([
    ['another', () => applied.startOnly()],
    ['one that waits', () => applied.apply()],
    ['a prune', () => applied.run(prune, { plan: 'plan.yml', 'allow-unsigned': 'true' })],
  ])(
    'beside %s',
    async (_, other) => {
      const both = await Promise.all([applied.startOnly(), other()]);
      expect(both.map(({ error }) => error)).toEqual(['', '']);
      expectNobodyFailed(both);
      await applied.world.cloud.ticks.settle();
      await expectFinished();
    },
    60_000,
  );
});

test.each<Liveness>(['ended', 'alive', 'unknown'])(
  'two at once, each seeing the other as %s',
  async (others) => {
    const both = await Promise.all([applied.apply(others), applied.apply(others)]);
    expect(both.map(({ error }) => error)).toEqual(['', '']);
    expectNobodyFailed(both);
    await expectFinished();
  },
  60_000,
);

test('beside a prune', async () => {
  const [one, other] = await Promise.all([
    applied.apply(),
    applied.run(prune, { plan: 'plan.yml', 'allow-unsigned': 'true' }),
  ]);
  expect([one.code, one.error, other.code, other.error]).toEqual([0, '', 0, '']);
  await expectFinished();
}, 60_000);
