import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const jobsOf = (path: string) => (parse(read(path)) as { jobs: Record<string, { steps: Step[] }> }).jobs;
const release = jobsOf('.github/workflows/release.yml');
const steps = (job: string) => release[job]?.steps ?? [];

test('documents name one major version of the actions: the one that is released, or the first', () => {
  const papers = [
    'README.md',
    'SECURITY.md',
    '.github/workflows/backup-shards.yml',
    ...readdirSync(join(root, 'examples')).map((name) => `examples/${name}`),
    ...readdirSync(join(root, 'actions')).map((name) => `actions/${name}/README.md`),
  ];
  const named = papers.flatMap((paper) =>
    [...read(paper).matchAll(/openstack-backup(?:\/[\w./-]+)?@(v\d+)/g)].map(([, tag]) => tag),
  );
  expect(named.length).toBeGreaterThan(10);
  const major = Number(version.split('.')[0]);
  expect([...new Set(named)]).toEqual([`v${Math.max(major, 1)}`]);
});

test('a release has the history and the tag that it takes its notes from', () => {
  for (const job of Object.keys(release)) {
    const checkout = steps(job).find(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect([job, checkout?.with?.['fetch-depth']]).toEqual([job, 0]);
  }
});

test('a release is tested with the programs that CI has, and counted as there', () => {
  const inCi = jobsOf('.github/workflows/ci.yml')['test']?.steps.flatMap(({ run }) => run ?? []) ?? [];
  const inRelease = steps('check').flatMap(({ run }) => run ?? []);
  const needed = inCi.filter((run) => /apt-get|pip|tally/.test(run));
  expect(needed.length).toBeGreaterThanOrEqual(4);
  expect(inRelease).toEqual(expect.arrayContaining(needed));
});

describe('the major tag', () => {
  const script = steps('publish').find(({ name }) => name === 'Move the major tag')?.run ?? '';
  let bin: string;
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), 'gh-'));
    writeFileSync(
      join(bin, 'gh'),
      '#!/bin/sh\necho "$@"\ncase "$*" in *--method*) ;; *) exit "$THERE" ;; esac\n',
      {
        mode: 0o755,
      },
    );
  });
  afterAll(() => rmSync(bin, { recursive: true }));

  test.each([
    ['v0.1.0', '0', []],
    ['v1.2.3', '0', ['/git/ref/tags/v1 ', '--method PATCH repos/o/r/git/refs/tags/v1 ']],
    ['v2.0.0', '1', ['/git/ref/tags/v2 ', '--method POST repos/o/r/git/refs --raw-field ref=refs/tags/v2 ']],
  ])('%s, where looking for it ends with %s', (tag, there, said) => {
    expect(script).not.toBe('');
    const { status, stdout } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
      env: {
        PATH: `${bin}:${process.env['PATH']}`,
        GITHUB_REF_NAME: tag,
        GITHUB_REPOSITORY: 'o/r',
        COMMIT: 'c',
        THERE: there,
      },
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout.split('\n').filter(Boolean)).toEqual(said.map((words) => expect.stringContaining(words)));
  });
});
