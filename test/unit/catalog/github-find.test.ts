import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { restorePoint } from '../../../src/backup/volume/record.ts';
import { parseReference } from '../../../src/catalog/find.ts';
import { refuseCommit, refuseRun, type Trust } from '../../../src/catalog/github/provenance.ts';
import { unzip } from '../../../src/catalog/github/unzip.ts';
import { type Candidate, listed, newestWanted } from '../../../src/catalog/newest.ts';
import { type FoundManifest, foundIn } from '../../../src/catalog/read.ts';
import { type Doubt, InputError, OperationError } from '../../../src/errors.ts';
import { serialize } from '../../../src/manifest/parse.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { GitHub, Here, WorkflowRun } from '../../../src/ports/github.ts';
import { zip } from '../../fakes/github/zip.ts';
import { manifestWith } from '../../support/points.ts';
import { backup, tags, volume } from '../../support/records.ts';

describe('a reference', () => {
  test.each([
    ['latest', { kind: 'latest', directory: undefined, from: { artifacts: true, releases: true } }],
    ['artifact', { kind: 'latest', directory: undefined, from: { artifacts: true, releases: false } }],
    ['release', { kind: 'latest', directory: undefined, from: { artifacts: false, releases: true } }],
    ['directory:out', { kind: 'latest', directory: 'out', from: { artifacts: false, releases: false } }],
    ['latest:out', { kind: 'latest', directory: 'out', from: { artifacts: true, releases: true } }],
    ['release:a/b:c', { kind: 'release', tag: 'a/b:c' }],
    ['artifact:12', { kind: 'artifact', run: 12, names: undefined }],
    ['artifact:12/a/b', { kind: 'artifact', run: 12, names: ['a/b'] }],
    ['artifact:12/a,b', { kind: 'artifact', run: 12, names: ['a', 'b'] }],
    ['./latest', { kind: 'path', path: './latest' }],
    ['a:b', { kind: 'path', path: 'a:b' }],
  ])('%s', (text, expected) => expect(parseReference(text)).toEqual(expected));

  test.each(['artifact:', 'artifact:x', 'artifact:1x', 'artifact:1/'])('%s is none', (text) =>
    expect(() => parseReference(text)).toThrow('does not name a run'),
  );
});

describe('a run', () => {
  const repository = { id: 1, isPublic: false, defaultBranch: 'main' };
  const here: Here = {
    repository: 'o/r',
    repositoryId: 1,
    runId: 9,
    attempt: 1,
    workflow: undefined,
    event: undefined,
    ref: undefined,
    vanishes: true,
    retentionDays: undefined,
  };
  const run: WorkflowRun = {
    id: 5,
    attempt: 1,
    status: 'completed',
    event: 'schedule',
    branch: 'main',
    workflow: '.github/workflows/backup.yml',
    repositoryId: 1,
    headRepositoryId: 1,
    commit: 'a'.repeat(40),
    created: '2026-11-23T00:00:00.000Z',
    started: '2026-11-23T00:00:00.000Z',
    updated: '2026-11-23T01:00:00.000Z',
  };
  const trust: Trust = { workflow: 'backup.yml', branch: 'main' };

  test('of this repository, its workflow and its branch is taken', () => {
    expect(refuseRun(run, repository, here, trust)).toBeUndefined();
    expect(
      refuseRun(run, repository, here, { ...trust, workflow: '.github/workflows/backup.yml' }),
    ).toBeUndefined();
    expect(refuseRun(run, repository, here, { ...trust, workflow: undefined })).toBeUndefined();
  });

  test('that we are in is taken although it is not over, on any branch, but not for a fork', () => {
    const own = { ...run, id: 9, status: 'in_progress', branch: 'feature' };
    expect(refuseRun(own, repository, here, trust)).toBeUndefined();
    expect(refuseRun({ ...own, headRepositoryId: 2 }, repository, here, trust)?.what).toContain('a fork');
    expect(refuseRun({ ...own, event: 'pull_request' }, repository, here, trust)?.what).toContain(
      'pull_request',
    );
  });

  const refused: [string, Partial<WorkflowRun>, string][] = [
    ['another repository', { repositoryId: 2, headRepositoryId: 2 }, 'another repository'],
    ['a fork', { headRepositoryId: 2 }, 'code of a fork'],
    ['a fork that is gone', { headRepositoryId: undefined }, 'is gone'],
    ['a pull request', { event: 'pull_request_review_comment' }, 'started by pull_request_review_comment'],
    ['a branch', { branch: 'x' }, 'on branch x'],
    ['no branch', { branch: undefined }, 'on branch none'],
    ['a workflow', { workflow: '.github/workflows/x/backup.yml' }, 'belongs to workflow'],
    ['the same file elsewhere', { workflow: 'evil/backup.yml' }, 'belongs to workflow'],
    ['unfinished', { status: 'queued' }, 'has not finished (queued)'],
  ];
  test.each(refused)('%s is refused', (_what, fields, said) => {
    expect(refuseRun({ ...run, ...fields }, repository, here, trust)?.what).toContain(said);
  });

  test('is refused where its commit is not on the branch: a tag may be called as that is', async () => {
    const asked: unknown[] = [];
    const github = (held: boolean) => {
      const isOn = async (...words: unknown[]) => asked.push(words) > 0 && held;
      return { here, runs: { isOn } } as unknown as GitHub;
    };
    expect((await refuseCommit(run, github(false), 'main'))?.what).toContain('is not on branch main');
    expect(await refuseCommit(run, github(true), 'main')).toBeUndefined();
    expect(asked).toEqual([
      ['main', run.commit],
      ['main', run.commit],
    ]);
    expect(await refuseCommit({ ...run, id: here.runId }, github(false), 'main')).toBeUndefined();
  });

  test('is refused where the runner and GitHub do not agree on the repository', () => {
    expect(refuseRun(run, repository, { ...here, repositoryId: 3 }, trust)?.what).toContain(
      'another repository',
    );
  });
});

describe('an archive', () => {
  const all = () => true;
  const entry = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });

  test('gives the files that are wanted', () => {
    const archive = zip([entry('a', 'x'.repeat(1000)), entry('b', 'y')]);
    expect(unzip(archive, (name) => name === 'a', 1000)).toEqual({ a: Buffer.from('x'.repeat(1000)) });
  });

  test('with a comment behind is one', () => {
    const archive = Buffer.concat([zip([entry('a', 'x')]), Buffer.from('comment')]);
    expect(Object.keys(unzip(archive, all, 10))).toEqual(['a']);
  });

  test('that unpacks to more is refused while it is unpacked', () => {
    const bomb = zip([{ name: 'a', bytes: Buffer.alloc(1 << 20), claims: 10 }]);
    expect(() => unzip(bomb, all, 1000)).toThrow(new RangeError('a unpacks to more than 1000 bytes'));
  });

  test.each([
    ['twice', zip([entry('a', 'x'), entry('a', 'y')]), 'appears twice'],
    ['lies about its size', zip([{ ...entry('a', 'x'), claims: 5 }]), 'is not what the archive says'],
    ['nothing', Buffer.alloc(0), 'not a complete zip archive'],
    ['too many', zip(Array.from({ length: 1001 }, (_, index) => entry(String(index), ''))), 'has 1001 files'],
  ])('%s is refused', (_what, archive, said) => {
    expect(() => unzip(archive, all, 1000)).toThrow(said);
  });

  test('of a file that has not the checksum in its list is refused', () => {
    const archive = zip([entry('a', 'some text')]);
    const list = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    for (const at of [16, 17, 18, 19]) {
      const other = Buffer.from(archive);
      other.writeUInt8(other.readUInt8(list + at) ^ 1, list + at);
      expect(() => unzip(other, all, 1000)).toThrow('a is not what the archive says');
    }
    expect(unzip(archive, all, 1000)).toEqual({ a: Buffer.from('some text') });
  });

  test('with any byte changed or cut off says so in its own words', () => {
    const whole = zip([entry('a', 'some text'), entry('b', 'more text')]);
    const spoiled: Buffer[] = Array.from({ length: whole.length }, (_, at) => {
      const copy = Buffer.from(whole);
      copy[at] = (copy[at] ?? 0) ^ (1 + (at % 255));
      return copy;
    });
    for (let end = 0; end < whole.length; end += 1) spoiled.push(whole.subarray(0, end));
    for (let index = 0; index < 500; index += 1) spoiled.push(randomBytes(64));
    const errors = spoiled.map((archive) => {
      try {
        return unzip(archive, all, 1000) && undefined;
      } catch (error) {
        return error;
      }
    });
    for (const error of errors) expect(error === undefined || error instanceof TypeError).toBe(true);
    // All that were cut off, and all whose content was changed.
    expect(errors.slice(whole.length, 2 * whole.length)).not.toContain(undefined);
    expect(errors.filter((error) => error !== undefined).length).toBeGreaterThan(spoiled.length * 0.8);
  });
});

/** With one volume's backup, by default as old as the start of its run. */
function manifest(
  started: string,
  { name = 'db', saved = started, finished = null as string | null } = {},
): Manifest {
  const made = manifestWith(
    restorePoint({
      volume: volume({ name }),
      typeId: undefined,
      encryption: null,
      backup: { ...backup(), createdAt: saved, dataTimestamp: saved },
      tags: tags(),
      reason: '',
      seconds: 1,
    }),
  );
  return { ...made, run: { ...made.run, started, finished } };
}

describe('the newest that is wanted', () => {
  const asked: string[] = [];
  const warned: string[] = [];
  beforeEach(() => {
    asked.length = 0;
    warned.length = 0;
  });
  const at = (day: number, hour = 0) =>
    `2026-11-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00.000Z`;
  /** Of a manifest whose run began in the first moment of `from`, and was published in that of `until`. */
  const candidate = (
    reference: string,
    [from, until]: readonly [string, string],
    what: Manifest | Doubt,
    vouched = true,
  ): Candidate => ({
    reference,
    within: { from, until },
    time: until,
    load: async (): Promise<FoundManifest | Doubt> => {
      asked.push(reference);
      if ('hint' in what) return what;
      return foundIn(reference, { 'manifest.json': Buffer.from(serialize(what)) }, vouched);
    },
  });
  const choose = (candidates: readonly Candidate[], allowUnsigned = false) =>
    newestWanted(listed(candidates), {
      verifyKey: undefined,
      allowUnsigned,
      warn: (line) => warned.push(line),
      wanted: ({ restorePoints }) => restorePoints.filter(({ resource }) => resource.name === 'db'),
      now: () => Date.parse('2026-11-30T00:00:00Z'),
      among: () => 'these',
      hint: () => 'look elsewhere',
    });

  test('is the newest, and older ones are not read', async () => {
    const read = await choose([
      candidate('old', [at(1), at(2)], manifest(at(1))),
      candidate('new', [at(3), at(4)], manifest(at(3))),
      candidate('oldest', [at(1), at(1)], manifest(at(1))),
    ]);
    expect([read.path, asked, warned]).toEqual(['new', ['new'], []]);
  });

  test('has the newest data, whichever run was the first to start and whichever was published first', async () => {
    const long = candidate('long', [at(1), at(9)], manifest(at(1), { saved: at(2) }));
    const short = candidate('short', [at(4), at(5)], manifest(at(4), { saved: at(4) }));
    expect((await choose([long, short])).path).toBe('short');
    const late = candidate('long', [at(1), at(9)], manifest(at(1), { saved: at(8), finished: at(9) }));
    expect((await choose([late, short])).path).toBe('long');
  });

  test('passes over what is not wanted, trusted or not', async () => {
    const read = await choose([
      candidate('other', [at(8), at(9)], manifest(at(8), { name: 'other' }), false),
      candidate('mine', [at(4), at(5)], manifest(at(4))),
    ]);
    expect(read.path).toBe('mine');
  });

  test('is not taken where a newer one is in doubt, which is said', async () => {
    const older = candidate('older', [at(4), at(5)], manifest(at(4)));
    const unsigned = candidate('unsigned', [at(8), at(9)], manifest(at(8)), false);
    const broken = candidate('broken', [at(8), at(9)], { what: 'cannot be used: x', hint: 'again' });
    await expect(choose([unsigned, older])).rejects.toThrow('unsigned is not signed');
    await expect(choose([unsigned, older])).rejects.toMatchObject({
      hint: expect.stringContaining('The newest that is certain is older, with data from 2026-11-04'),
    });
    await expect(choose([broken, older])).rejects.toThrow('broken cannot be used: x');
    expect((await choose([unsigned, older], true)).path).toBe('unsigned');
    const long = candidate('broken', [at(1), at(9)], { what: 'cannot be used: x', hint: 'again' });
    await expect(choose([long, older])).rejects.toThrow('broken cannot be used: x');
    const before = { ...broken, within: undefined, time: at(3) };
    expect((await choose([before, older])).path).toBe('older');
  });

  test('is the same in two places, and as good as the better', async () => {
    const same = manifest(at(4));
    const read = await choose([
      candidate('release', ['', at(6)], same, false),
      candidate('artifact', [at(4), at(5)], same),
    ]);
    expect(read.path).toBe('artifact');
  });

  test('is none where none is', async () => {
    await expect(choose([])).rejects.toThrow('no manifest with what you ask for among these');
    await expect(
      choose([candidate('x', [at(1), at(1)], manifest(at(1), { name: 'other' }))]),
    ).rejects.toMatchObject({ hint: 'look elsewhere' });
  });

  test('does not hide that it could not be looked at', async () => {
    const down: Candidate = {
      reference: 'x',
      within: undefined,
      time: at(2),
      load: () => Promise.reject(new OperationError('GitHub is down')),
    };
    await expect(choose([down, candidate('y', [at(1), at(1)], manifest(at(1)))])).rejects.toThrow(
      'GitHub is down',
    );
  });

  describe('where clocks were wrong', () => {
    const second = candidate('second', [at(4), at(4, 1)], manifest(at(4)));

    test("is the one that is newer by GitHub's clock, and the other is not even read", async () => {
      const ahead = candidate('ahead', [at(3), at(3, 1)], manifest(at(25), { saved: at(3) }));
      expect((await choose([ahead, second])).path).toBe('second');
      expect(asked).toEqual(['second']);
    });

    test('is the one that is newer by the clocks of the cloud and of GitHub, which is said', async () => {
      const behind = candidate('behind', [at(5), at(5, 1)], manifest(at(1), { saved: at(5) }));
      expect((await choose([second, behind])).path).toBe('behind');
      expect(warned).toEqual([
        `behind has data from ${at(5)} by the cloud's clock, was published at ${at(5, 1)} by GitHub's, and says that its run started at ${at(1)}: the clock of the machine that wrote it was wrong`,
      ]);
    });

    const doubts: [string, Candidate, Candidate][] = [
      [
        'the cloud contradicts GitHub',
        candidate('one', [at(5), at(6)], manifest(at(5), { saved: at(3) })),
        second,
      ],
      [
        'only the machine says so, from the future',
        candidate('one', [at(3), at(6)], manifest(at(40 - 11), { saved: at(4) })),
        candidate('second', [at(4), at(7)], manifest(at(4), { saved: at(4) })),
      ],
      [
        'the machine contradicts the cloud',
        { ...candidate('one', ['', ''], manifest(at(29), { saved: at(3) })), within: undefined },
        { ...second, within: undefined },
      ],
    ];
    test.each(doubts)('is in doubt where %s, and both are named', async (_why, one, other) => {
      for (const order of [
        [one, other],
        [other, one],
      ])
        await expect(choose(order)).rejects.toMatchObject({
          message: expect.stringContaining('cannot tell which manifest is the latest'),
          hint: expect.stringMatching(/manifest: (one|second), or manifest: (one|second)\./),
        });
    });
  });
});

test('an error of ours is one of input: nothing was touched', () => {
  expect(() => parseReference('artifact:x')).toThrow(InputError);
});
