import { describe, expect, test } from '@jest/globals';
import type { Coverage } from '../../../../src/planfile/coverage.ts';
import { type Applied, appliedTold } from '../../../../src/run/apply/show.ts';
import { printedReport, reportSummary, type Told } from '../../../../src/run/report/show.ts';

const line = (name: string, fields: Partial<Coverage> = {}): Coverage => ({
  kind: 'volume',
  id: `id of ${name}`,
  name,
  entry: 'all',
  status: 'covered',
  newest: '2026-11-26T02:13:00.000Z',
  why: '4 h old, every 1d',
  error: undefined,
  key: undefined,
  chain: undefined,
  ...fields,
});
const failing = line('shop', {
  status: 'failing',
  why: '3 d old',
  error: 'said the cloud; twice\n::error::',
});
const told = (coverage: readonly Coverage[], fields: Partial<Told> = {}): Told => ({
  head: 'some in project demo (0a)',
  coverage,
  quota: [{ quota: 'backups', used: 9, max: 10, perNight: 3, nights: 0 }],
  failure: '',
  issue: undefined,
  alarms: [],
  ...fields,
});

describe('a report in a terminal', () => {
  test('has no column that says nothing, and errors below the table', () => {
    expect(printedReport(told([failing, line('db')]))).toBe(
      `some in project demo (0a)
+--------+------+-------+---------+--------------------+
| kind   | name | entry | status  | why                |
+--------+------+-------+---------+--------------------+
| volume | shop | all   | failing | 3 d old; see below |
| volume | db   | all   | covered | 4 h old, every 1d  |
+--------+------+-------+---------+--------------------+
volume "shop": said the cloud; twice\\n::error::
9 of 10 backups used, 3 a night: enough for 0 nights if nothing is deleted
no restore is on record: that these points can be restored is proved only by restoring one, from time to time
`,
    );
  });

  test('of an empty project is two lines', () => {
    expect(printedReport(told([]))).toMatch(/^some in project demo \(0a\)\n9 of 10 [^\n]*\n$/);
  });
});

describe('a report on the page of a run', () => {
  test('has one table while it is short', () => {
    const summary = reportSummary(told([failing, line('db')], { failure: '1 failing' }));
    expect(summary.split('\n').slice(0, 7)).toEqual([
      '### ❌ some in project demo &#40;0a&#41;',
      '',
      'Fails because of: **1 failing**.',
      '',
      '| kind | name | entry | status | why |',
      '|---|---|---|---|---|',
      '| volume | shop | all | failing | 3 d old; said the cloud; twice&#92;n&#58;&#58;error&#58;&#58; |',
    ]);
    expect(summary).not.toContain('<details>');
    expect(summary).toContain('- no restore is on record&#58; ');
    expect(reportSummary(told([failing]))).not.toContain('no restore is on record');
  });

  test('folds what is well where it is much, behind the quota', () => {
    const many = Array.from({ length: 40 }, (_, index) => line(`v${index}`));
    const summary = reportSummary(
      told([failing, ...many], {
        failure: '1 failing',
        issue: { number: 7, body: '', url: 'https://github.com/o/r/issues/7' },
      }),
    );
    const [open = '', folded = ''] = summary.split('<details><summary>40 covered or excluded</summary>\n\n');
    expect(open).toContain('| shop |');
    expect(open).not.toContain('| v0 |');
    expect(open).toContain('- 9 of 10 backups used');
    expect(open).toContain('- Issue [#7](https://github.com/o/r/issues/7)');
    expect(folded.match(/\| v\d+ \|/g)).toHaveLength(40);
  });

  test('of which all is well has no empty table', () => {
    const many = Array.from({ length: 11 }, (_, index) => line(`v${index}`));
    expect(reportSummary(told(many)).match(/^\|---/gm)).toHaveLength(1);
  });
});

describe('what apply says at its end', () => {
  const report = { told: told([line('db')]), failure: '', summary: '### the report' };
  const nothing = { deleted: [], failed: false, summary: '' };
  const saved = (failed: number, started = 0, done = 0, underWay = 0) => ({
    failed: failed > 0,
    started: Array(started).fill({}) as unknown[],
    saved: Array(done).fill({}) as unknown[],
    underWay: Array(underWay).fill({}) as unknown[],
    outputs: { manifest: 'dir/manifest.json', failed: JSON.stringify(Array(failed).fill({})) },
    summary: '### what was saved',
  });
  const base: Applied = { due: 3, saved: saved(0), pruned: [nothing, nothing], report, reports: true };
  test.each<[string, Partial<Applied>, string, string]>([
    ['all is well', {}, '✅ 3 due, all saved', ''],
    ['what is left to the cloud', { saved: saved(0, 3) }, '✅ 3 due, all started', ''],
    ['some is left to the cloud', { saved: saved(0, 2, 1) }, '✅ 3 due, 2 started, 1 saved', ''],
    ['some is under way', { saved: saved(0, 2, 0, 1) }, '✅ 3 due, 2 started, 1 being backed up already', ''],
    ['nothing was due', { due: 0, saved: undefined }, '✅ Nothing was due', ''],
    [
      'old points went',
      { pruned: [nothing, { ...nothing, deleted: [1, 2], summary: '### pruned' }] },
      '✅ 3 due, all saved; 2 restore points deleted',
      '',
    ],
    ['one failed', { saved: saved(1) }, '❌ some of what is due was not saved', '3 due, 1 not saved'],
    [
      'all went wrong',
      { saved: saved(2), pruned: [{ ...nothing, failed: true }], report: { ...report, failure: '1 stale' } },
      '❌ some of what is due was not saved; some of what no rule keeps was not deleted; 1 stale',
      '3 due, 2 not saved',
    ],
    [
      'no report could be made',
      { report: undefined },
      '❌ what is covered now is unknown',
      '3 due, all saved',
    ],
    ['a part of a matrix makes none', { report: undefined, reports: false }, '✅ 3 due, all saved', ''],
  ])('%s', (_, fields, heading, below) => {
    const { failed, failure, printed, summary } = appliedTold({ ...base, ...fields });
    const [first, second] = summary.split('\n\n');
    expect(first).toBe(`### ${heading}`);
    if (below !== '') expect(second).toBe(below);
    expect(failed).toBe(heading.startsWith('❌'));
    expect(printed).not.toMatch(/[{[]"/);
    expect(printed.trimEnd().split('\n').at(-1)?.startsWith('failed: ')).toBe(failed);
    expect(failed).toBe(failure !== '');
  });

  test('in a terminal: where the manifest is, what was done, the table, the verdict', () => {
    const { printed } = appliedTold({ ...base, saved: saved(1) });
    expect(printed.split('\n').map((each) => each.slice(0, 30))).toEqual([
      'manifest: dir/manifest.json',
      '3 due, 1 not saved',
      'some in project demo (0a)',
      ...Array(5).fill(expect.stringMatching(/^[+|]/)),
      expect.stringMatching(/^9 of 10/),
      expect.stringMatching(/^no restore is on record/),
      'failed: some of what is due wa',
      '',
    ]);
  });
});
