import { describe, expect, test } from '@jest/globals';
import { entriesOf } from '../../../src/catalog/entries.ts';
import type { Found } from '../../../src/catalog/found.ts';
import type { State } from '../../../src/catalog/whole.ts';
import type { Level, RestorePoint } from '../../../src/manifest/schema.ts';
import type { Seen } from '../../../src/verify/seen.ts';
import { subjectsOf } from '../../../src/verify/subjects.ts';
import { recordsOf, verdictOf } from '../../../src/verify/verdict.ts';
import {
  backupPoint,
  encryptedWith,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';

const WHOLE: State = { state: 'whole', why: '' };
const TIME = '2026-11-26T00:00:00.000Z';

/** An encrypted volume with its key, a plain one, and one in the cloud; a server of all three. */
const key = secretPoint();
const vault = volumeImagePoint({}, encryptedWith(key));
const plain = volumeImagePoint();
const cloud = backupPoint();
const disk = (point: RestorePoint) => ({
  bootIndex: null,
  device: null,
  tag: null,
  deleteOnTermination: false,
  volume: point.resource.id,
  point: point.id,
});
const server = serverPoint({ disks: [vault, plain, cloud].map(disk) });
const away = serverPoint({ disks: [vault, plain].map(disk) });
const manifest = manifestWith(key, vault, plain, cloud, server, away);

const seen = (level: Seen['level'], more: Partial<Seen> = {}): Seen => ({
  level,
  objects: 10,
  read: 10,
  ...more,
});

function verdict(
  point: RestorePoint,
  wanted: Level,
  of: readonly (readonly [RestorePoint, Seen])[],
  {
    states = [],
    found = {},
  }: { states?: readonly (readonly [RestorePoint, State])[]; found?: Partial<Found> } = {},
) {
  const one: Found = { manifest, references: ['/m'], doubt: undefined, ...found };
  const known = new Map(manifest.restorePoints.map(({ id }) => [id, WHOLE]));
  for (const [{ id }, state] of states) known.set(id, state);
  const names = new Map(
    of.map(([saved, what]) => ['payload' in saved ? (saved.payload?.name ?? '') : '', what] as const),
  );
  const [subject] = subjectsOf(
    [one],
    entriesOf(one).filter((entry) => entry.point === point.id),
    () => known,
    false,
  );
  if (subject === undefined) throw new Error('no subject');
  return verdictOf(subject, wanted, (name) => names.get(name));
}

describe('a point is as good as the worst of its parts', () => {
  test.each<[string, RestorePoint, Level, readonly (readonly [RestorePoint, Seen])[], Level | null]>([
    ['a plain volume', plain, 'L1a', [[plain, seen('L1a')]], 'L1a'],
    ['one that was not drawn', plain, 'L1b', [], 'L0'],
    [
      'an encrypted one that its key opens',
      vault,
      'L2',
      [
        [vault, seen('L2')],
        [key, seen('L1b')],
      ],
      'L2',
    ],
    [
      'one whose key was not read',
      vault,
      'L1b',
      [
        [vault, seen('L1b')],
        [key, seen('L0')],
      ],
      'L0',
    ],
    ['a key alone', key, 'L2', [[key, seen('L1b')]], 'L1b'],
    ['a backup in the cloud', cloud, 'L2', [], 'L0'],
    [
      'a server',
      away,
      'L1b',
      [
        [vault, seen('L1b')],
        [key, seen('L1b')],
        [plain, seen('L1a')],
      ],
      'L1a',
    ],
    [
      'a server with a disk in the cloud',
      server,
      'L1b',
      [
        [vault, seen('L1b')],
        [key, seen('L1b')],
        [plain, seen('L1b')],
      ],
      'L0',
    ],
  ])('%s', (_what, point, wanted, of, level) => {
    expect(verdict(point, wanted, of)).toMatchObject({ level, fault: undefined, unsure: undefined });
  });

  test('and the damage of one part is the damage of it', () => {
    const broken = seen('L0', { fault: 'flipped' });
    expect(
      verdict(away, 'L1a', [
        [vault, seen('L1a')],
        [key, seen('L1a')],
        [plain, broken],
      ]),
    ).toMatchObject({
      level: 'L0',
      fault: 'flipped',
    });
  });
});

describe('what the catalog says counts first', () => {
  test.each<[string, RestorePoint, State, object]>([
    [
      'gone',
      plain,
      { state: 'broken', why: 'payload x is gone' },
      { level: null, fault: 'payload x is gone' },
    ],
    [
      'in another store',
      plain,
      { state: 'unknown', why: 'give store' },
      { level: null, unsure: 'give store' },
    ],
    [
      'in a cloud that was not asked',
      cloud,
      { state: 'unknown', why: 'no cloud was asked' },
      { level: null, fault: undefined, unsure: undefined, notes: ['in the cloud: no cloud was asked'] },
    ],
    [
      'in the cloud and gone',
      cloud,
      { state: 'broken', why: 'backup x is gone' },
      { level: null, fault: 'backup x is gone' },
    ],
    ['in the cloud', cloud, WHOLE, { level: 'L0', notes: ['in the cloud: only its state was looked at'] }],
  ])('%s', (_what, point, state, expected) => {
    expect(verdict(point, 'L1a', [[plain, seen('L1a')]], { states: [[point, state]] })).toMatchObject(
      expected,
    );
  });

  test('an altered manifest is the damage of all its points', () => {
    const found = { doubt: { what: 'was altered: …', hint: '' } };
    expect(verdict(plain, 'L1a', [[plain, seen('L1a')]], { found })).toMatchObject({
      level: null,
      fault: 'its manifest was altered: …',
    });
    const unsigned = { doubt: { what: 'is not signed', hint: '', kind: 'unsigned' as const } };
    expect(verdict(plain, 'L1a', [[plain, seen('L1a')]], { found: unsigned })).toMatchObject({
      level: 'L1a',
    });
  });
});

describe('a disk that L2 does not recognize', () => {
  const unknown = seen('L1b', { found: 'no known partition table' });
  test('does not pass where L2 was asked for, unless it is empty', () => {
    expect(verdict(plain, 'L2', [[plain, unknown]])).toMatchObject({
      level: 'L1b',
      unsure: 'no known partition table',
    });
    expect(verdict(plain, 'L2', [[plain, { ...unknown, isBlank: true }]])).toMatchObject({
      unsure: undefined,
    });
    expect(verdict(plain, 'L1b', [[plain, unknown]])).toMatchObject({ level: 'L1b', unsure: undefined });
  });
});

describe('what is recorded', () => {
  const sample = { percent: 5, seed: 7 };
  const recorded = (one: ReturnType<typeof verdict>) =>
    recordsOf([one], sample, TIME).map(({ point: _point, time: _time, ...more }) => more);

  test.each<[string, ReturnType<typeof verdict>, object[]]>([
    ['all of it', verdict(plain, 'L1a', [[plain, seen('L1a')]]), [{ level: 'L1a' }]],
    [
      'a part of it',
      verdict(plain, 'L1a', [[plain, seen('L1a', { read: 1 })]]),
      [{ level: 'L1a', sampled: 10, seed: 7 }],
    ],
    [
      'hardly any of it',
      verdict(plain, 'L1a', [[plain, seen('L1a', { objects: 100_000, read: 1 })]]),
      [{ level: 'L1a', sampled: 0.1, seed: 7 }],
    ],
    [
      'damage',
      verdict(plain, 'L1a', [[plain, seen('L0', { fault: 'x'.repeat(2000) })]]),
      [{ level: 'L0', fault: 'x'.repeat(1024) }],
    ],
    [
      'an object that no list shows to be gone',
      verdict(plain, 'L0', [[plain, seen(null, { fault: 'gone' })]]),
      [{ level: null, fault: 'gone' }],
    ],
    [
      'nothing of what a list shows',
      verdict(plain, 'L1a', [], { states: [[plain, { state: 'broken', why: 'gone' }]] }),
      [],
    ],
    [
      'nothing of what was not seen',
      verdict(cloud, 'L1a', [], { states: [[cloud, { state: 'unknown', why: '' }]] }),
      [],
    ],
    [
      'nothing of an altered manifest',
      verdict(plain, 'L1a', [], { found: { doubt: { what: 'was altered', hint: '' } } }),
      [],
    ],
    [
      'how far it came before it could not be read',
      verdict(plain, 'L1b', [[plain, seen('L1a', { unsure: 'sealed to others' })]]),
      [{ level: 'L1a' }],
    ],
  ])('%s', (_what, one, expected) => {
    expect(recorded(one)).toEqual(expected);
  });
});

test('a point that two manifests list is verified once', () => {
  const found = [0, 1].map((): Found => ({ manifest, references: ['/m'], doubt: undefined }));
  const all = subjectsOf(
    found,
    found.flatMap((one) => entriesOf(one)),
    () => new Map(),
    false,
  );
  expect(all).toHaveLength(manifest.restorePoints.length);
});
