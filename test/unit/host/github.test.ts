import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@actions/core';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { InputError, OperationError } from '../../../src/errors.ts';
import { type Runner, runner } from '../../../src/host/github/commands.ts';
import { hereOf, isEnterpriseServer } from '../../../src/host/github/environment.ts';
import { explain } from '../../../src/host/github/errors.ts';
import { githubHost } from '../../../src/host/github/host.ts';
import { inputOf, readInputs, tokenOf, workflowInputs } from '../../../src/host/github/inputs.ts';
import { failureSummary, fitSummary } from '../../../src/host/github/summary.ts';
import { loggedProgress } from '../../../src/host/progress.ts';
import { FakeClock } from '../../support/clock.ts';

const TEXTS = ['plain', 'two\nlines\r\n', '100 % of a,b:c', '::error::x', '', 'ü ✓'];

describe('what is said to the runner is what @actions/core says', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'runner-'));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const name of ['OUTPUT', 'STATE']) delete process.env[`GITHUB_${name}`];
    await rm(directory, { recursive: true });
  });

  const commands: [string, (say: Runner, text: string) => void, (text: string) => void][] = [
    ['mask', (say, text) => say.mask(text), core.setSecret],
    ['debug', (say, text) => say.debug(text), core.debug],
    ['line', (say, text) => say.line(text), core.info],
    ['group', (say, text) => say.startGroup(text), core.startGroup],
    ['end of a group', (say) => say.endGroup(), () => core.endGroup()],
    [
      'warning',
      (say, text) => say.warning('w', text || 't'),
      (text) => core.warning('w', { title: text || 't' }),
    ],
    ['error', (say, text) => say.error(text, 'a: b, c'), (text) => core.error(text, { title: 'a: b, c' })],
  ];
  test.each(commands)('%s', (_name, ours, theirs) => {
    for (const text of TEXTS) {
      const said: string[] = [];
      ours(runner({ write: (part) => said.push(part) }, {}), text);
      const write = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
      theirs(text);
      const wanted = write.mock.calls.map(([part]) => String(part));
      write.mockRestore();
      expect(said.join('')).toBe(wanted.join(''));
    }
  });

  test.each([
    [
      'OUTPUT',
      (say: Runner, text: string) => say.output('name', text),
      (text: string) => core.setOutput('name', text),
    ],
    [
      'STATE',
      (say: Runner, text: string) => say.state('name', text),
      (text: string) => core.saveState('name', text),
    ],
  ])('%s', async (name, ours, theirs) => {
    const paths = [join(directory, 'ours'), join(directory, 'theirs')] as const;
    for (const path of paths) await writeFile(path, '');
    process.env[`GITHUB_${name}`] = paths[1];
    const say = runner(process.stdout, { [`GITHUB_${name}`]: paths[0] });
    for (const text of TEXTS) {
      ours(say, text);
      theirs(text);
    }
    const [mine, core3] = await Promise.all(paths.map(async (path) => readFile(path, 'utf8')));
    const plain = (text = '') => text.replace(/ghadelimiter_[0-9a-f-]{36}/g, 'D');
    expect(plain(mine)).toBe(plain(core3));
    expect(new Set(mine?.match(/ghadelimiter_\S+/g)).size).toBe(TEXTS.length);
  });
});

describe('inputs', () => {
  test('are read by the names of the table, trimmed, empty as missing', () => {
    const environment = { 'INPUT_DRY-RUN': ' true ', 'INPUT_GITHUB-TOKEN': '', INPUT_OTHER: 'x' };
    expect(readInputs(workflowInputs, environment)).toEqual({ 'dry-run': 'true', 'github-token': undefined });
    expect(inputOf('two words', { INPUT_TWO_WORDS: 'x' })).toBe('x');
  });

  test('an expression that no runner filled in is no token', () => {
    expect(tokenOf({ 'INPUT_GITHUB-TOKEN': workflowInputs['github-token'].default })).toBeUndefined();
    expect(tokenOf({ 'INPUT_GITHUB-TOKEN': 'ghs_x' })).toBe('ghs_x');
  });
});

describe('where we run', () => {
  test('is read from the runner', () => {
    expect(
      hereOf({
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_REPOSITORY_ID: '1',
        GITHUB_RUN_ID: '2',
        GITHUB_RUN_ATTEMPT: '3',
        GITHUB_WORKFLOW_REF: 'o/r/.github/workflows/a b.yml@refs/heads/x@y',
        GITHUB_EVENT_NAME: 'schedule',
        GITHUB_REF: 'refs/heads/x',
        GITHUB_RETENTION_DAYS: '30',
        RUNNER_ENVIRONMENT: 'self-hosted',
      }),
    ).toEqual({
      repository: 'o/r',
      repositoryId: 1,
      runId: 2,
      attempt: 3,
      workflow: '.github/workflows/a b.yml',
      event: 'schedule',
      ref: 'refs/heads/x',
      vanishes: false,
      retentionDays: 30,
    });
    expect(
      hereOf({ GITHUB_REPOSITORY: 'o/r', GITHUB_WORKFLOW_REF: 'x/y/.github/workflows/a.yml@z' }).workflow,
    ).toBe(undefined);
  });

  test.each([
    ['https://github.com', false],
    ['https://acme.ghe.com', false],
    ['', false],
    ['https://github.example.org', true],
    ['https://github.com.evil.example', true],
  ])('%s: Enterprise Server %s', (url, expected) => {
    expect(isEnterpriseServer({ GITHUB_SERVER_URL: url })).toBe(expected);
  });
});

describe('a summary', () => {
  test('of a run that did not start says why, and that nothing was changed', () => {
    const failure = { message: '`mode` is "<b>"', hint: 'Use auto.', exitCode: 2 } as const;
    const said = failureSummary('backup-volume', failure);
    expect(said).toMatch(/^### backup-volume was not started, and nothing was changed\n\n/);
    expect(said).toContain('Use auto.');
    expect(said).not.toContain('<b>');
    expect(failureSummary('x', { ...failure, hint: '', exitCode: 1 })).toMatch(/^### x failed\n\n[^\n]+\n$/);
  });

  test('that fits is left alone', () => {
    expect(fitSummary('# a\nb')).toBe('# a\nb\n');
  });

  test('that does not is cut at the end of a line, which says so', () => {
    const rows = Array.from({ length: 200_000 }, (_, index) => `| ü ${index} |`).join('\n');
    const cut = fitSummary(rows);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.byteLength(cut)).toBeGreaterThan(1024 * 1024 - 200);
    expect(cut).toMatch(/\| ü \d+ \|\n\n\*Truncated: a job summary holds 1 MiB\./);
  });
});

describe('the log', () => {
  const lines: string[] = [];
  const host = (environment: Record<string, string> = {}) =>
    githubHost({
      stdout: { write: (text) => lines.push(text) },
      environment: {
        'INPUT_GITHUB-TOKEN': 'ghs_secret',
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_RUN_ID: '7',
        ...environment,
      },
      directory: '/',
      signal: new AbortController().signal,
      title: 'backup-volume',
    });
  beforeEach(() => {
    lines.length = 0;
  });

  test('escapes, redacts, and gives annotations a title', async () => {
    const { log } = host();
    log.info('::error::a ghs_secret');
    log.warn('b\nghs_secret');
    log.error('x'.repeat(5000));
    await log.group('phase ::x', async () => log.info('inside'));
    const said = lines.filter((line) => !line.startsWith('::add-mask::'));
    expect(said.slice(0, 2)).toEqual([':\u200b:error::a ***\n', '::warning title=backup-volume::b\\n***\n']);
    expect(said[2]?.length).toBeLessThan(4100);
    expect(said.slice(3)).toEqual(['::group::phase ::x\n', 'inside\n', '::endgroup::\n']);
  });

  test('keeps the last annotation for why the step failed', () => {
    const one = host();
    for (let index = 0; index < 12; index += 1) one.log.error(`::no ${index}`);
    one.fail('because');
    const said = lines.filter((line) => !line.startsWith('::add-mask::'));
    expect(said.filter((line) => line.startsWith('::error'))).toHaveLength(10);
    expect(said.slice(9)).toEqual([
      ...[9, 10, 11].map((index) => `error: :\u200b:no ${index}\n`),
      '::error title=backup-volume::because\n',
    ]);
  });

  test('shows requests where the step is debugged', () => {
    host().log.debug('GET /x');
    expect(lines.join('')).not.toContain('GET /x');
    host({ RUNNER_DEBUG: '1' }).log.debug('GET /x ghs_secret');
    expect(lines.join('')).toContain('::debug::GET /x ***\n');
  });

  test('ends a group that throws', async () => {
    await expect(host().log.group('g', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(lines.at(-1)).toBe('::endgroup::\n');
  });

  test('names its run as the owner of what it makes', () => {
    expect(host({ GITHUB_RUN_ATTEMPT: '2' }).run.owner).toBe('github:o/r:7:2');
  });

  test('tells of progress now and then', async () => {
    const clock = new FakeClock();
    const told: string[] = [];
    const bar = loggedProgress((text) => told.push(text), clock).start('backing up', {
      items: 3,
      gigabytes: 30,
    });
    bar.advance(1, 10);
    expect(told).toEqual([]);
    await clock.sleep(60_000);
    bar.advance(1, 10);
    expect(told).toEqual(['backing up: 2 of 3, 20 of 30 GiB, 341 MiB/s, 30 s left']);
    bar.finish();
  });
});

describe('an error of GitHub', () => {
  const doing = { doing: 'read run 1', permission: 'actions: read' };
  const http = (status: number, message: string) =>
    Object.assign(new Error(message), { status, response: { headers: {} } });
  const cases: [unknown, typeof InputError | typeof OperationError, string][] = [
    [
      http(403, 'Resource not accessible by integration - https://docs.github.com/x'),
      InputError,
      'permissions: actions: read',
    ],
    [http(404, 'Not Found'), InputError, 'Check that it exists'],
    [http(401, 'Bad credentials'), InputError, 'another `github-token`'],
    [http(403, 'API rate limit exceeded'), OperationError, 'Wait until the limit'],
    [http(429, 'slow down'), OperationError, 'Wait until the limit'],
    [http(422, 'Validation Failed'), OperationError, 'Check what GitHub said'],
    [http(502, 'Bad Gateway'), OperationError, 'githubstatus.com'],
    [Object.assign(new Error('connect ECONNREFUSED'), { status: 500 }), OperationError, 'githubstatus.com'],
  ];
  test.each(cases.map((one) => [String(one[0]), ...one] as const))('%s', (_name, error, kind, hint) => {
    const told = explain(error, doing);
    expect(told).toBeInstanceOf(kind);
    expect(told.message).toContain('cannot read run 1: GitHub said');
    expect(told.message).not.toContain('docs.github.com');
    expect(told.hint).toContain(hint);
  });
});
