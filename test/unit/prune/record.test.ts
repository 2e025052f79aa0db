import { expect, test } from '@jest/globals';
import type { Manifest, RestorePoint, SavedFailure } from '../../../src/manifest/schema.ts';
import { readRecord } from '../../../src/prune/read.ts';
import {
  backupPoint,
  encryptedWith,
  manifestWith,
  secretPoint,
  volumeImagePoint,
} from '../../support/points.ts';

const at = (hour: number) => `2026-11-23T0${hour}:00:00.000Z`;

function manifest(
  hour: number,
  points: readonly RestorePoint[],
  failed: readonly SavedFailure[] = [],
): Manifest {
  const made = manifestWith(...points);
  return { ...made, run: { ...made.run, started: at(hour) }, failed: [...failed] };
}

const recordOf = (...manifests: readonly Manifest[]) =>
  readRecord(
    manifests.map((one) => ({ manifest: one, references: [one.run.id] })),
    ({ region }) => region === 'R',
    Date.parse(at(9)),
  );
const failure = (more: Partial<SavedFailure> = {}): SavedFailure => ({
  kind: 'volume',
  id: 'v',
  name: 'db',
  error: 'no',
  ...more,
});

test('a key that is a part in one manifest only has a history of its own', () => {
  const key = secretPoint();
  const user = volumeImagePoint({}, encryptedWith(key));
  const isPart = (...manifests: readonly Manifest[]) =>
    recordOf(...manifests).points.find(({ id }) => id === key.id)?.isPart;
  expect(isPart(manifest(1, [key, user]))).toBe(true);
  expect(isPart(manifest(1, [key, user]), manifest(2, [key]))).toBe(false);
  expect(isPart(manifest(2, [key]), manifest(1, [key, user]))).toBe(false);
});

test('a point needs what any manifest says that it needs, and lies in all of them', () => {
  const key = secretPoint();
  const plain = volumeImagePoint();
  const encrypted = { ...plain, resource: { ...plain.resource, encryption: encryptedWith(key) } };
  for (const versions of [
    [plain, encrypted],
    [encrypted, plain],
  ]) {
    const [one, other] = versions.map((point, hour) => manifest(hour, [key, point]));
    if (one === undefined || other === undefined) throw new Error('two are needed');
    const read = recordOf(one, other).points.find(({ id }) => id === plain.id);
    expect(read?.needs).toEqual([key.id]);
    expect(read?.manifests).toEqual([one.run.id, other.run.id]);
  }
});

test('the last failure counts, and none for want of room', () => {
  const early = manifest(1, [], [failure()]);
  const late = manifest(3, [], [failure()]);
  const full = manifest(5, [], [failure({ cause: 'quota' })]);
  for (const order of [
    [early, late, full],
    [full, late, early],
  ])
    expect([...recordOf(...order).failures]).toEqual([['volume v', Date.parse(at(3))]]);
  expect(recordOf(full).failures.size).toBe(0);
});

test('what another region has is not looked at, and its data stays', () => {
  const point = backupPoint({ name: 'db' });
  const made = manifest(1, [point]);
  const { points, elsewhere } = recordOf({ ...made, cloud: { ...made.cloud, region: 'S' } });
  expect([points, [...elsewhere]]).toEqual([[], [`backup ${point.backup.id}`]]);
});

test('a key that was saved before its point was recorded is a part of that, and needed by it', () => {
  const user = volumeImagePoint();
  const key = { ...secretPoint(), neededBy: user.id };
  for (const manifests of [
    [manifest(1, [key]), manifest(2, [user])],
    [manifest(2, [user]), manifest(1, [key])],
  ]) {
    const { points } = recordOf(...manifests);
    expect(points.find(({ id }) => id === key.id)?.isPart).toBe(true);
    expect(points.find(({ id }) => id === user.id)?.needs).toEqual([key.id]);
  }
  expect(recordOf(manifest(1, [key])).points.map(({ isPart }) => isPart)).toEqual([true]);
});
