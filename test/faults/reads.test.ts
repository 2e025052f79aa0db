import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { list } from '../../src/commands/list.ts';
import { planCheck } from '../../src/commands/plan-check.ts';
import { planInit } from '../../src/commands/plan-init.ts';
import { planShow } from '../../src/commands/plan-show.ts';
import { report } from '../../src/commands/report.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { show } from '../../src/commands/show.ts';
import { isWrite } from '../support/every-request.ts';
import { FAULTS } from '../support/faults.ts';
import type { Told } from '../support/in-process.ts';
import { type Applied, appliedWorld } from '../support/trials/apply.ts';

const PLAN = { plan: 'plan.yml' };
const RUNS: Readonly<Record<string, (applied: Applied) => Promise<Told>>> = {
  list: ({ run }) => run(list, {}),
  show: ({ run, volume }) => run(show, { volume }),
  report: ({ run }) => run(report, PLAN),
  'plan init': async ({ run, world }) => {
    const file = join(world.directory, 'first.yml');
    await rm(file, { force: true });
    const told = await run(planInit, { plan: 'first.yml' });
    // A plan of half a project would leave the other half uncovered.
    expect(existsSync(file)).toBe(told.code === 0);
    return told;
  },
  'plan check': ({ run }) => run(planCheck, PLAN),
  'plan show': ({ run }) => run(planShow, PLAN),
  'restore-volume --at': ({ run, volume }) =>
    run(restoreVolume, { volume, at: '2100-01-01', 'allow-unsigned': 'true' }, { dryRun: true }),
};

interface Row {
  readonly state?: string;
  readonly status?: string;
}

/** What may be said instead where the cloud could not be asked. */
const UNSURE = ['unknown', 'refused'];
const IDS = /[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** What is judged, without ages and reasons; all of a first plan, and of what is wrong with one. */
function verdictsOf({ outputs }: Told): string[] {
  const { text: plan, warnings } = outputs;
  if (plan !== undefined)
    return plan
      .replaceAll(/\d{4}-\d{2}-\d{2}/g, 'DAY')
      .replaceAll(IDS, 'ID')
      .split('\n');
  if (warnings !== undefined) return JSON.parse(warnings) as string[];
  const rows = outputs['points'] ?? outputs['point'] ?? outputs['coverage'] ?? outputs['resources'] ?? '[]';
  return [JSON.parse(rows) as Row | Row[]].flat().map(({ state, status }) => state ?? status ?? '');
}

/** A run that failed says why, in a sentence that a person can use: a list goes on with a warning. */
function expectClear({ code, error, log }: Told): void {
  const said = [error, ...log.split('\n').filter((line) => /(error|warning): /.test(line))];
  if (code !== 0) expect(said.filter((line) => /cannot .*: |failed/.test(line))).not.toEqual([]);
  expect([error, log].join('\n')).not.toMatch(/TypeError|undefined|\[object/);
}

// Jest calls no hook where no test is wanted: what is open here must be closed here.
const scout = await appliedWorld();
const { cloud } = scout.world;
const smooth = new Map<string, { readonly told: Told; readonly asked: readonly string[] }>();
for (const [name, run] of Object.entries(RUNS)) {
  const from = cloud.requests.length;
  const told = await run(scout);
  const asked = cloud.requests
    .slice(from)
    .map(({ method, path }) => `${method} ${path.replace(IDS, '{id}')}`);
  smooth.set(name, { told, asked: [...new Set(asked)] });
}
await scout.world.close();

let applied: Applied;
beforeAll(async () => {
  applied = await appliedWorld();
}, 120_000);
afterAll(() => applied.world.close());

const others = Object.keys(FAULTS).filter((name) => name !== '403' && name !== '503 always');
describe.each([...smooth])('%s', (name, { told: known, asked }) => {
  test('with no fault it tells all', () => {
    expect([known.code, known.error]).toEqual([0, '']);
    expect(asked.length).toBeGreaterThan(3);
    expect(verdictsOf(known).filter((one) => UNSURE.includes(one))).toEqual([]);
  });

  const cases = asked.flatMap((request, at) =>
    ['403', '503 always', others[at % others.length] ?? ''].map((fault) => [fault, request] as const),
  );
  test.each(cases)(
    '%s: %s',
    async (fault, request) => {
      const [method = '', path = ''] = request.split(' ');
      const literal = path.replace(/[.*+?^$()|[\]\\/]/g, '\\$&').replaceAll('{id}', `(${IDS.source})`);
      const { deed, times = 1 } = FAULTS[fault] ?? { deed: 'connection-reset' };
      const { faults, requests } = applied.world.cloud;
      const when = { method, path: new RegExp(`^${literal}(\\?|$)`), times };
      const planted = faults.add({ when, do: deed });
      const from = requests.length;
      const told = await RUNS[name]?.(applied);
      faults.clear();
      if (told === undefined) throw new Error(`no ${name}`);
      expect(planted.hits).toBeGreaterThan(0);
      expect(requests.slice(from).filter(isWrite)).toEqual([]);
      expectClear(told);
      // What could not be asked is not called gone, and nothing is called well that was not seen.
      const text = `${told.log} ${told.error} ${told.summary} ${JSON.stringify(told.outputs)}`;
      expect(text).not.toMatch(/is gone|not there|no longer exists|does not exist|not found|broken/);
      const verdicts = verdictsOf(told);
      const wrong = verdicts.filter((one, at) => one !== verdictsOf(known)[at] && !UNSURE.includes(one));
      expect(wrong).toEqual([]);
      if (told.code === 0) expect(verdicts).toHaveLength(verdictsOf(known).length);
    },
    60_000,
  );
});
