import { describe, expect, test } from '@jest/globals';
import type { Coverage } from '../../../src/planfile/coverage.ts';
import {
  digestIn,
  type IssueStep,
  issueSteps,
  issueText,
  markerOf,
  type Red,
} from '../../../src/planfile/issue.ts';

const line = (fields: Partial<Coverage>): Coverage => ({
  kind: 'volume',
  id: 'id-1',
  name: 'db',
  entry: 'all',
  status: 'failing',
  newest: '2026-11-20T02:13:00.000Z',
  why: '6 d old',
  error: 'said the cloud (request req-1)',
  key: undefined,
  chain: undefined,
  ...fields,
});
const red = (fields: Partial<Red> = {}): Red => ({
  coverage: [line({})],
  failOn: ['uncovered', 'stale', 'failing'],
  failure: '1 failing',
  where: '0a1b',
  project: 'shop',
  plan: 'plan.yml',
  page: 'https://github.com/acme/infra/actions/runs/7',
  now: Date.parse('2026-11-26T06:23:11Z'),
  isPublic: false,
  ...fields,
});

describe('what the issue says', () => {
  test('of a private repository: each that is red, since when, and why', () => {
    const { title, body, digest } = issueText(red());
    expect(title).toBe('Backups: 1 failing in project shop');
    expect(body.split('\n').slice(0, 7)).toEqual([
      `<!-- openstack-backup report 0a1b ${digest} -->`,
      '**1 failing** in project <code>shop</code>, as of 2026-11-26 06:23 UTC.',
      '',
      '| what | status | newest good restore point | why |',
      '|---|---|---|---|',
      '| volume <code>db</code> | failing | 2026-11-20 02:13 UTC | <code>said the cloud &#40;request req-1&#41;</code> |',
      '',
    ]);
    expect(body).toContain('[this run](https://github.com/acme/infra/actions/runs/7)');
    expect(digestIn(body)).toBe(digest);
  });

  test('of a public repository: numbers, and nothing by name', () => {
    const { title, body } = issueText(red({ isPublic: true }));
    expect(title).toBe('Backups: 1 failing');
    for (const hidden of ['db', 'shop', 'id-1', 'said the cloud', '2026-11-20'])
      expect(body).not.toContain(hidden);
    expect(body).toContain('**1 failing**, as of');
  });

  test('what is green is not in it, nor what makes no report fail', () => {
    const coverage = [
      line({}),
      line({ id: '2', name: 'fine', status: 'covered' }),
      line({ id: '3', name: 'old', status: 'stale' }),
    ];
    const { body } = issueText(red({ coverage, failOn: ['failing'] }));
    for (const hidden of ['fine', 'old<']) expect(body).not.toContain(hidden);
  });

  test('names that call people, link, or end a table are code and nothing else', () => {
    const name = '@octocat #1 | ` </code><img src=x> \n\n# h';
    const { body } = issueText(red({ coverage: [line({ name, error: undefined })] }));
    const row = body.split('\n').find((each) => each.startsWith('| volume'));
    expect(row).toContain('<code>&#64;octocat &#35;1 &#124; &#96; &#60;/code&#62;&#60;img src=x&#62; ');
    expect(row?.split('|')).toHaveLength(6);
  });

  test('it fits, however much is red', () => {
    const coverage = Array.from({ length: 5000 }, (_, index) =>
      line({ id: `${index}`, name: '&'.repeat(255) }),
    );
    const { title, body } = issueText(red({ coverage, failure: '5000 failing', project: 'p'.repeat(300) }));
    expect(body).toMatch(/\n\n… and 4[89]\d\d more\.\n/);
    expect(title.length).toBeLessThanOrEqual(256);
    expect(body.length).toBeLessThanOrEqual(65_536);
  });
});

describe('it is changed only if it says something else', () => {
  const { digest } = issueText(red());
  test.each<[string, Partial<Red>, boolean]>([
    [
      'another night',
      { now: Date.parse('2026-11-27T06:00:00Z'), page: 'https://github.com/acme/infra/actions/runs/8' },
      true,
    ],
    [
      'an error with the number of another request',
      { coverage: [line({ error: 'said (request req-2)' })] },
      true,
    ],
    ['older by a day', { coverage: [line({ why: '7 d old' })] }, true],
    ['more that is green', { coverage: [line({}), line({ id: '2', status: 'covered' })] }, true],
    ['another that is red', { coverage: [line({}), line({ id: '2', status: 'stale' })] }, false],
    ['another status', { coverage: [line({ status: 'stale' })] }, false],
  ])('%s: the same %s', (_, fields, same) => {
    expect(issueText(red(fields)).digest === digest).toBe(same);
  });
});

describe('what is done', () => {
  const text = issueText(red());
  const known = (number: number, body = text.body) => ({ number, body });
  const old = known(4, `${markerOf('0a1b')}00 -->`);
  const brief = (step: IssueStep) => ('number' in step ? `${step.do} ${step.number}` : step.do);
  test.each([
    ['red, none', text, [], [], ['open']],
    ['red, the same', text, [known(4)], [], []],
    ['red, another text', text, [old], [], ['update 4']],
    ['red, closed lately', text, [], [known(9), known(3)], ['reopen 9']],
    ['red, two by two runs at once', text, [known(4), known(5)], [], ['close 5']],
    ['red, two, another text', text, [old, known(5)], [], ['update 4', 'close 5']],
    ['green, none', undefined, [], [], []],
    ['green', undefined, [known(4), known(5)], [], ['close 4', 'close 5']],
  ])('%s', (_, given, open, closed, steps) => {
    expect(issueSteps(given, open, closed).map(brief)).toEqual(steps);
  });
});
