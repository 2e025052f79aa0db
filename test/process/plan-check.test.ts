import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { planCheck } from '../../src/commands/plan-check.ts';
import { runTool } from '../support/tool.ts';
import { SMALL } from '../unit/planfile/bad.ts';
import { GOOD } from '../unit/planfile/good.ts';

const directory = await mkdtemp(join(tmpdir(), 'plan-check-'));
afterAll(() => rm(directory, { recursive: true, force: true }));
const tool = (...words: string[]) => runTool(words, { directory, environment: {} });
const UNASKED = 'no credentials, so no cloud was asked whether its quota is enough\n';

test('what a plan means, as a table and as JSON, without a cloud', async () => {
  await writeFile(join(directory, 'good.yml'), GOOD);
  const table = await tool('plan', 'check', 'good.yml', '--offline');
  expect([table.code, table.stderr]).toEqual([0, '']);
  expect(table.stdout).toMatch(
    /^good\.yml: project 5bde59c76c73cc5e04335342476fc095; cloud production; region RegionOne; days in Europe\/Berlin;/,
  );
  expect(table.stdout).toMatch(/\| databases +\| metadata:backup=db \| volume +\|/);
  const { code, json } = await tool('plan', 'check', 'good.yml', '--json', '--offline');
  expect(code).toBe(0);
  expect(
    (json['entries'] as { name: string; 'max-age': string }[]).map((one) => [one.name, one['max-age']]),
  ).toEqual([
    ['databases', '12h'],
    ['off-site', '9d'],
    ['everything else', '1d12h'],
  ]);
  expect(json['warnings']).toEqual([]);
  // All that its description promises, and nothing else.
  const names = /a list of \{(.*)\}/.exec(planCheck.outputs.entries.description)?.[1]?.split(', ');
  for (const entry of json['entries'] as object[]) expect(Object.keys(entry)).toEqual(names);
  expect(json['entries']).toContainEqual(expect.objectContaining({ consistency: 'best', raw: '' }));
});

test('what is wrong with one, line by line', async () => {
  await writeFile(join(directory, 'bad.yml'), `${SMALL}timezone: Mars\nstoer: x\n`);
  expect(await tool('plan', 'check', 'bad.yml')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: [
      'error: bad.yml:7:11: timezone is "Mars": there is no such zone; write UTC, or one like Europe/Berlin',
      'error: bad.yml:8:1: unknown key "stoer": did you mean store?',
      '  Fix these 2 places; docs/plan.md describes the format. Nothing was changed.',
      '',
    ].join('\n'),
  });
});

test.each([
  [['plan', 'check'], 'error: there is no plan at .github/openstack-backup.yml'],
  [['plan', 'check', '.'], 'error: cannot read the plan .: '],
  [['backup'], 'Did you mean backup-server, backup-volume or backup-image?'],
  [['volume'], 'Did you mean backup-volume or restore-volume?'],
  [['plan', 'chekc'], 'error: unknown command "plan chekc"\n  Did you mean plan check?'],
  [['plan', 'check', 'a', 'b'], 'error: unexpected argument "b"'],
])('%j: exit 2', async (words, said) => {
  const { code, stderr } = await tool(...words);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});

test('the plan commands, and the help of one', async () => {
  expect(await tool('plan')).toMatchObject({ code: 2, stdout: expect.stringContaining('plan check') });
  for (const words of [
    ['plan', '--help'],
    ['help', 'plan'],
  ])
    expect(await tool(...words)).toMatchObject({ code: 0, stdout: expect.stringContaining('plan check') });
  for (const words of [
    ['help', 'plan', 'check'],
    ['plan', 'check', '--help'],
  ])
    expect((await tool(...words)).stdout).toMatch(
      /^Usage: openstack-backup plan check \[FILE\] \[OPTION\]\.\.\.\n/,
    );
});

test('without credentials it says that no cloud was asked', async () => {
  await writeFile(join(directory, 'small.yml'), `${SMALL}keep: {last: 3}\npublish: [release]\n`);
  expect(await tool('plan', 'check', 'small.yml')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(UNASKED),
  });
  await writeFile(join(directory, 'named.yml'), `${SMALL}cloud: production\n`);
  expect(await tool('plan', 'check', 'named.yml')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(UNASKED),
  });
  expect(await tool('plan', 'check', 'named.yml', '--cloud', 'production')).toMatchObject({ code: 2 });
  expect((await tool('plan', 'check', 'small.yml', '--offline')).stderr).not.toContain('cloud was asked');
});
