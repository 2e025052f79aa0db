import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Checked, disagreements, olderDisagreements } from '../../../scripts/support/check.ts';
import { recordOf } from '../../../scripts/support/record.ts';
import { type JestReport, type Result, resultsOf, worldsOf } from '../../../scripts/support/results.ts';
import { type Row, rows } from '../../../scripts/support/rows.ts';
import { render, withTable } from '../../../scripts/support/table.ts';
import { imagesScenarios } from '../../scenarios/images.ts';
import { interruptedScenarios } from '../../scenarios/interrupted.ts';
import { interruptedBytesScenarios } from '../../scenarios/interrupted-bytes.ts';
import { runbookScenarios } from '../../scenarios/runbook.ts';
import { secretsScenarios } from '../../scenarios/secrets.ts';
import type { WorldSeen } from '../../scenarios/seen.ts';
import { networkScenarios, networksByHand } from '../../scenarios/server-networks.ts';
import { serversScenarios } from '../../scenarios/servers.ts';
import { unlockOutside } from '../../scenarios/unlock.ts';
import { volumeImageScenarios } from '../../scenarios/volume-images.ts';
import { volumesScenarios } from '../../scenarios/volumes.ts';

const some: readonly Row[] = [
  { procedure: 'Backup of volumes', how: '`backup-volume`', scenario: 'volumes' },
  { procedure: 'Backup of images', how: '`backup-image`', scenario: 'images' },
  { procedure: 'Ports', how: '`restore-server`', scenario: 'ports', embeddedOnly: true },
];

const ran = (scenario: string, seconds: number, more: Partial<Result> = {}): Result => ({
  scenario,
  seconds,
  passed: true,
  kind: 'real',
  release: 'Nova 2.104',
  run: 'run 2',
  ...more,
});

/** The runs before: what page and record were made of. */
const recorded = recordOf(
  [ran('volumes', 200), ran('images', 16), ran('refusals', 90)].map((one) => ({ ...one, run: 'run 1' })),
  new Date('2026-11-25T10:00:00Z'),
);
const page = (table: string) => `# What is supported\n\n${table}\n\n## What it costs\n`;

const good: Checked = {
  page: page(render(some, recorded)),
  record: recorded,
  rows: some,
  results: [
    ran('volumes', 310),
    ran('images', 9),
    ran('refusals', 95),
    ran('ports', 2, { kind: 'embedded', release: 'embedded' }),
    ran('volumes', 3, { kind: 'embedded', release: 'embedded' }),
  ],
  run: 'run 2',
};
const without = (scenario: string, kind = 'real') =>
  good.results.filter((one) => one.scenario !== scenario || one.kind !== kind);

test('a scenario that is newer than the record is no disagreement, and one of the record that did not run is', () => {
  expect(disagreements({ ...good, results: [...good.results, ran('new', 5)] })).toEqual([]);
  expect(disagreements({ ...good, results: without('refusals') })).toEqual([
    '"refusals" did not run on the real cloud',
  ]);
});

test('a page made from its record, and a run in which all of it passed in times alike, agree', () => {
  expect(disagreements(good)).toEqual([]);
});

describe('the page is not believed', () => {
  const stale = 'docs/support.md is not what docs/support.json says: npm run support -- REPORTS';
  const cases: [string, Partial<Checked>, string][] = [
    ['a time is falsified', { page: good.page.replace('| 200 s |', '| 100 s |') }, stale],
    [
      'a row is deleted',
      { page: good.page.replace('| Backup of images | `backup-image` | images | 16 s |\n', '') },
      stale,
    ],
    [
      'a row is added',
      { page: good.page.replace('\n| Ports', '\n| Backup of dreams | `x` | dreams | 3 s |\n| Ports') },
      stale,
    ],
    ['what else was tried is left out', { page: good.page.replace('| refusals | 90 s |\n', '') }, stale],
    [
      'a time is falsified in page and record alike',
      falsified({ volumes: 20 }),
      '"volumes" took 310 s, docs/support.md says 20 s',
    ],
    [
      'a time is falsified upwards, too',
      falsified({ images: 500 }),
      '"images" took 9 s, docs/support.md says 500 s',
    ],
    ['a scenario did not run', { results: without('images') }, '"images" did not run on the real cloud'],
    [
      'a scenario failed, and its old time stands',
      { results: [...without('volumes'), ran('volumes', 200, { passed: false })] },
      '"volumes" failed on the real cloud',
    ],
    [
      'a scenario passed once and failed once',
      { results: [...good.results, ran('volumes', 200, { passed: false })] },
      '"volumes" failed on the real cloud',
    ],
    [
      'one that is in no row failed',
      { results: [...without('refusals'), ran('refusals', 90, { passed: false })] },
      '"refusals" failed on the real cloud',
    ],
    [
      'the report is of the embedded cloud',
      { results: good.results.map((one) => ({ ...one, kind: 'embedded' as const })) },
      'nothing of run run 2 ran on the real cloud',
    ],
    [
      'the report is of another run',
      { results: good.results.map((one) => ({ ...one, run: 'run 1' })) },
      'nothing of run run 2 ran on the real cloud',
    ],
    ['the run has no name', { run: '' }, 'the run has no name: set CI_RUN, as .ci/run does'],
    [
      'the cloud is of another release',
      { results: good.results.map((one) => ({ ...one, release: 'Nova 2.95' })) },
      'this cloud is Nova 2.95, docs/support.md speaks of Nova 2.104',
    ],
    [
      'an embedded one did not run',
      { results: without('ports', 'embedded') },
      '"ports" did not run on the embedded cloud',
    ],
    [
      'an embedded one runs on the real cloud by now',
      { results: [...good.results, ran('ports', 5)] },
      '"ports" runs on the real cloud, but its row says "embedded only"',
    ],
    [
      'a row has no scenario',
      withRow({ procedure: 'Backup of dreams', how: '`x`', scenario: 'dreams' }),
      '"dreams" did not run on the real cloud',
    ],
  ];

  test.each(cases)('%s', (_, altered, said) => {
    const found = disagreements({ ...good, ...altered });
    expect(found).toContain(said);
  });

  test('because nothing at all was seen to run', () => {
    expect(disagreements({ ...good, results: [] }).length).toBeGreaterThan(3);
  });

  function falsified(seconds: Record<string, number>): Partial<Checked> {
    const record = { ...recorded, seconds: { ...recorded.seconds, ...seconds } };
    return { record, page: page(render(some, record)) };
  }

  function withRow(row: Row): Partial<Checked> {
    const more = [...some, row];
    return { rows: more, page: page(render(more, recorded)) };
  }
});

describe('of an older release', () => {
  const older = {
    '2024.1': recordOf([ran('volumes', 300, { release: 'Nova 2.96' })], new Date('2026-11-26T01:00:00Z')),
  };
  const there = (scenario: string, seconds: number, more: Partial<Result> = {}) =>
    ran(scenario, seconds, { release: 'Nova 2.96', ...more });
  const checked: Checked = {
    ...good,
    older,
    page: page(render(some, recorded, older)),
    results: [there('volumes', 250)],
  };

  test('there is a column, also for what was not tried there', () => {
    expect(checked.page).toContain('| on the real cloud | 2024.1 |');
    expect(checked.page).toContain('| volumes | 200 s | 300 s |');
    expect(checked.page).toContain('| images | 16 s | not tried |');
    expect(checked.page).toContain('| refusals | 90 s | not tried |');
    expect(checked.page).toContain('Those of release 2024.1 are of 2026-11-26 (Nova 2.96).');
  });

  test('a smaller scenario than the newest release runs is told as a part', () => {
    const more = [{ procedure: 'Backup of volumes', how: '', scenario: 'chains', part: 'volumes' }];
    const table = render(more, { ...recorded, seconds: { chains: 400 } }, older);
    expect(table).toContain('| chains | 400 s | a part of it, 300 s |');
    expect(table).not.toContain('| volumes | ');
  });

  test('a part of it is enough, and agrees', () => {
    expect(olderDisagreements(checked, '2024.1')).toEqual([]);
  });

  test.each<[string, Partial<Checked>, string]>([
    ['nothing ran', { results: [] }, 'nothing of run run 2 ran on release 2024.1'],
    [
      'one failed',
      { results: [there('volumes', 250, { passed: false })] },
      '"volumes" failed on the 2024.1 cloud',
    ],
    ['another release ran', { results: [ran('volumes', 250)] }, 'this cloud is Nova 2.104'],
    [
      'its column is falsified',
      { page: checked.page.replace('300 s', '30 s') },
      'docs/support.md is not what',
    ],
    ['it has no record', { older: {} }, 'docs/support-2024.1.json is not there'],
  ])('it is not believed: %s', (_, altered, said) => {
    expect(olderDisagreements({ ...checked, ...altered }, '2024.1').join('\n')).toContain(said);
  });
});

describe('what a run saw', () => {
  const report = (...tests: { title: string; status?: string; startAt?: number; duration?: number }[]) =>
    ({
      testResults: [
        {
          assertionResults: tests.map(({ title, ...more }) => ({
            title,
            fullName: `on the real cloud ${title}`,
            status: 'passed',
            startAt: 1000,
            duration: 5000,
            ...more,
          })),
        },
      ],
    }) satisfies JestReport;
  const seen = (title: string, more: Partial<WorldSeen> = {}): WorldSeen => ({
    test: `on the real cloud ${title}`,
    at: 1200,
    run: 'r',
    kind: 'real',
    release: 'Nova 2.104',
    ...more,
  });

  test('is jest’s word joined with the world’s, by name and time', () => {
    const lines = `${JSON.stringify(seen('images'))}\n`;
    expect(resultsOf([report({ title: 'images' })], worldsOf(lines))).toEqual([
      { scenario: 'images', passed: true, seconds: 5, kind: 'real', release: 'Nova 2.104', run: 'r' },
    ]);
    expect(resultsOf([report({ title: 'images' })], [])).toEqual([]);
    expect(resultsOf([report({ title: 'images' })], [seen('volumes')])).toEqual([]);
    expect(resultsOf([report({ title: 'images' })], [seen('images', { at: 999 })])).toEqual([]);
    expect(resultsOf([report({ title: 'images' })], [seen('images', { at: 6001 })])).toEqual([]);
    expect(resultsOf([report({ title: 'images', status: 'failed' })], [seen('images')])).toMatchObject([
      { passed: false },
    ]);
  });

  test('gives a time only to what passed on the real cloud', () => {
    const results = [
      ran('images', 16),
      ran('volumes', 200, { passed: false }),
      ran('ports', 2, { kind: 'embedded' }),
    ];
    expect(recordOf(results, new Date('2026-11-25T10:00:00Z'))).toEqual({
      run: 'run 2',
      day: '2026-11-25',
      release: 'Nova 2.104',
      seconds: { images: 16 },
    });
  });

  test('of the embedded cloud, of two runs, of two releases: no record', () => {
    const now = new Date();
    expect(() => recordOf([ran('ports', 2, { kind: 'embedded' })], now)).toThrow('real cloud');
    expect(() => recordOf([ran('a', 1), ran('b', 1, { run: 'run 3' })], now)).toThrow('several runs');
    expect(() => recordOf([ran('a', 1), ran('b', 1, { release: 'Nova 2.95' })], now)).toThrow('several');
  });

  test('a scenario without a time is "not yet", whatever the page said before', () => {
    const old = good.page;
    const table = render(some, { ...recorded, seconds: { images: 16 } });
    expect(withTable(old, table)).toContain('| volumes | not yet |');
    expect(() => withTable('no marks', table)).toThrow('docs/support.md has no');
  });
});

test('every row names a scenario of the cloud that it claims', () => {
  const real = [
    imagesScenarios,
    interruptedBytesScenarios,
    interruptedScenarios,
    runbookScenarios,
    secretsScenarios,
    serversScenarios,
    [unlockOutside],
    volumeImageScenarios,
    volumesScenarios,
  ].flatMap((list) => list.map(({ name }) => name));
  const embedded = [...real, ...[...networkScenarios, ...networksByHand].map(({ name }) => name)];
  const lost = rows.filter(
    ({ scenario, embeddedOnly }) => !(embeddedOnly ? embedded : real).includes(scenario),
  );
  expect(lost.map(({ scenario }) => scenario)).toEqual([]);
});

describe('the command', () => {
  const script = join(import.meta.dirname, '../../../scripts/support.ts');
  let directory: string;
  const file = (name: string) => join(directory, name);
  const run = (words: readonly string[], name = 'run 2') =>
    spawnSync(process.execPath, [script, ...words], {
      cwd: directory,
      env: { CI_RUN: name },
      encoding: 'utf8',
    });

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'support-'));
    mkdirSync(file('docs'));
    writeFileSync(file('docs/support.md'), page(render([], recorded)));
    const all = [...new Map(rows.map((row) => [row.scenario, row])).values()];
    const report: JestReport = {
      testResults: [
        {
          assertionResults: all.map(({ scenario }) => ({
            title: scenario,
            fullName: scenario,
            status: 'passed',
            startAt: 1000,
            duration: 60_000,
          })),
        },
      ],
    };
    writeFileSync(file('report.json'), JSON.stringify(report));
    const worlds = all.map(({ scenario, embeddedOnly }) => ({
      test: scenario,
      at: 2000,
      run: 'run 2',
      kind: embeddedOnly ? 'embedded' : 'real',
      release: embeddedOnly ? 'embedded' : 'Nova 2.104',
    }));
    writeFileSync(file('worlds.jsonl'), worlds.map((world) => JSON.stringify(world)).join('\n'));
    writeFileSync(file('none.jsonl'), '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('writes what it then agrees with, and exits 1 where it does not', () => {
    expect(run(['report.json', 'worlds.jsonl']).status).toBe(0);
    expect(run(['--check', 'report.json', 'worlds.jsonl'])).toMatchObject({ status: 0, stderr: '' });
    expect(run(['--check', 'report.json', 'worlds.jsonl'], 'run 3').status).toBe(1);
    expect(run(['--check', 'report.json', 'none.jsonl']).stderr).toContain('ran on the real cloud');
    expect(run(['--check', 'report.json', 'none.jsonl']).status).toBe(1);
    const text = readFileSync(file('docs/support.md'), 'utf8');
    writeFileSync(file('docs/support.md'), text.replace('| 60 s |', '| 59 s |'));
    expect(run(['--check', 'report.json', 'worlds.jsonl']).status).toBe(1);
  });

  test('without a report there is nothing to check, which is an error', () => {
    expect(run(['--check']).status).toBe(1);
    expect(run(['--check', 'report.json']).status).toBe(1);
    expect(run(['--check', 'missing.json', 'worlds.jsonl']).status).toBe(1);
  });
});
