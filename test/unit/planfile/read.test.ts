import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { problemLine, readPlan, requirePlan } from '../../../src/planfile/read.ts';
import { BAD, SMALL } from './bad.ts';
import { GOOD, RECIPIENTS } from './good.ts';

const planOf = async (text: string) => {
  const { plan, problems } = await readPlan(text);
  expect(problems).toEqual([]);
  if (plan === undefined) throw new Error('no plan');
  return plan;
};

test('a plan with everything in it', async () => {
  const plan = await planOf(GOOD);
  const keep = { policy: { last: 3, daily: 14, weekly: 8, monthly: 12 }, minCopies: 2, gone: undefined };
  expect(plan).toEqual({
    cloud: 'production',
    project: '5bde59c76c73cc5e04335342476fc095',
    region: 'RegionOne',
    zone: 'Europe/Berlin',
    publish: ['release'],
    recipients: [...RECIPIENTS],
    store: 'directory:/mnt/backups',
    accept: [],
    keep,
    entries: [
      {
        name: 'databases',
        selectors: [{ kind: 'metadata', key: 'backup', value: 'db' }],
        kinds: ['volume'],
        also: false,
        method: 'cinder-backup',
        maxChain: 7,
        raw: false,
        every: '6h',
        maxAge: '12h',
        consistency: 'quiesced',
        keep,
      },
      {
        name: 'off-site',
        selectors: [{ kind: 'metadata', key: 'backup', value: 'db' }],
        kinds: ['server', 'volume', 'image', 'secret'],
        also: true,
        method: 'image',
        maxChain: 7,
        raw: false,
        every: '7d',
        maxAge: '9d',
        consistency: 'best',
        keep: { policy: { weekly: 8 }, minCopies: 2, gone: undefined },
      },
      {
        name: 'everything else',
        selectors: [{ kind: 'all' }],
        kinds: ['server', 'volume', 'image', 'secret'],
        also: false,
        method: 'auto',
        maxChain: 7,
        raw: false,
        every: '1d',
        maxAge: undefined,
        consistency: 'best',
        keep,
      },
    ],
    exclusions: [
      {
        selectors: [{ kind: 'name', pattern: 'scratch-*' }],
        kinds: ['server', 'volume', 'image', 'secret'],
        reason: 'rebuilt by CI',
        until: '2027-06-30',
      },
    ],
    failOn: ['stale', 'uncovered'],
    issue: true,
    drill: {
      every: '30d',
      pick: 'random',
      level: 'volume',
      maxGigabytes: 200,
      rto: '2h',
      maxAge: undefined,
    },
  });
});

describe('what is not said', () => {
  test('drills by hand only open what is in the store', async () => {
    const { drill } = await planOf(`${SMALL}drill: {every: 1d, level: volume, by-hand: {every: 30d}}\n`);
    expect(drill).toMatchObject({ every: '1d', level: 'volume', byHand: { every: '30d', level: 'bytes' } });
  });

  test('servers and volumes, by what is usual, and nothing is ever deleted', async () => {
    expect(await planOf(SMALL)).toMatchObject({
      zone: 'UTC',
      publish: [],
      keep: undefined,
      entries: [{ kinds: ['server', 'volume'], method: 'auto', maxChain: 7, keep: undefined }],
      failOn: ['uncovered', 'stale', 'failing'],
    });
  });

  test.each([
    ['store: directory:/mnt', ['server', 'volume', 'image']],
    [`store: directory:/mnt\nrecipients: [${RECIPIENTS[0]}]`, ['server', 'volume', 'image', 'secret']],
  ])('%j has a place for more kinds', async (lines, kinds) => {
    expect((await planOf(`${SMALL}${lines}\n`)).entries[0]?.kinds).toEqual(kinds);
  });
});

describe('what is written otherwise and means the same', () => {
  test.each([
    [
      'as JSON',
      JSON.stringify({ version: 1, project: 'p', 'back-up': [{ name: 'all', select: 'all', every: '1d' }] }),
    ],
    ['with a byte order mark and the line ends of Windows', `\uFEFF${SMALL.replaceAll('\n', '\r\n')}`],
    ['with an anchor', SMALL.replace('name: all', 'name: &all all').replace('select: all', 'select: *all')],
    ['with a list of one', SMALL.replace('select: all', 'select: [all]')],
  ])('%s', async (_, text) => {
    expect((await planOf(text)).entries).toEqual((await planOf(SMALL)).entries);
  });

  test.each(['12345678901234567890123456789012', '5e590001234567890123456789012345', '007', 'true', 'null'])(
    'the project %s is no number',
    async (id) => {
      expect((await planOf(SMALL.replace(/project: .*/, `project: ${id}`))).project).toBe(id);
    },
  );
});

describe('bad plans', () => {
  test('are many', () => {
    expect(new Set(BAD.map(([name]) => name)).size).toBe(BAD.length);
    expect(BAD.length).toBeGreaterThan(90);
  });

  test.each(BAD)('%s', async (_, text, said) => {
    const { problems } = await readPlan(text);
    expect(problems.map((problem) => problemLine('plan.yml', problem))).toEqual(
      said.map((line) => `plan.yml:${line}`),
    );
    expect(said.length).toBeGreaterThan(0);
  });
});

test('all is told, the last of it as the error, and the value of an identity never', async () => {
  const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`;
  const lines: string[] = [];
  const failure = await requirePlan(`${SMALL}recipients: [${secret}]\ntimezone: nowhere\n`, 'p.yml', (line) =>
    lines.push(line),
  ).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputError);
  expect([...lines, (failure as Error).message]).toEqual([
    expect.stringMatching(/^p\.yml:7:14: .* is an age identity/),
    expect.stringMatching(/^p\.yml:8:11: timezone is "nowhere"/),
  ]);
  expect(JSON.stringify([lines, failure])).not.toContain(secret);
});

test.each([
  ['lists in lists', '['.repeat(60_000), 'nested too deeply'],
  ['maps in maps', '{a: '.repeat(15_000), 'nested too deeply'],
  ['dashes behind dashes', `a:\n${'- '.repeat(30_000)}`, 'nested too deeply'],
  ['one key again and again', 'k: 1\n'.repeat(12_000), '"k" is given twice: first on line 1'],
])('%s are told, and no fault of ours', async (_, text, said) => {
  expect((await readPlan(text)).problems[0]?.what).toBe(said);
});
