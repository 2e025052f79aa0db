import { expect, test } from '@jest/globals';
import { type Candidate, listed, newestWanted } from '../../../src/catalog/newest.ts';
import { serialize } from '../../../src/manifest/parse.ts';
import type { Manifest, PrunedPoint, RestorePoint } from '../../../src/manifest/schema.ts';
import { backupPoint, manifestWith } from '../../support/points.ts';

const at = (hour: number) => `2026-11-23T0${hour}:00:00.000Z`;
const saved = (hour: number): RestorePoint => {
  const point = backupPoint({ name: 'db' });
  return {
    ...point,
    backup: { ...point.backup, dataTimestamp: at(hour) },
  };
};

function candidate(hour: number, made: Manifest, vouched: boolean): Candidate {
  const manifest = { ...made, run: { ...made.run, started: at(hour), finished: at(hour) } };
  const found = {
    name: `run ${hour}`,
    file: 'manifest.json',
    bytes: Buffer.from(serialize(manifest)),
    digests: [],
    signatures: [],
    vouched,
  };
  return { reference: `run ${hour}`, within: undefined, time: at(hour), load: async () => found };
}

const prunes = ({ id, resource }: RestorePoint): Manifest => {
  const point: PrunedPoint = {
    point: id,
    kind: resource.kind,
    id: resource.id,
    name: resource.name,
    time: at(1),
    reason: 'no rule keeps it',
  };
  return { ...manifestWith(), pruned: [point] };
};

const latest = async (candidates: readonly Candidate[]) =>
  (
    await newestWanted(listed(candidates), {
      verifyKey: undefined,
      allowUnsigned: false,
      warn: () => undefined,
      wanted: ({ restorePoints }) => restorePoints,
      now: () => Date.parse(at(9)),
      among: () => 'these',
      hint: () => '',
    })
  ).path;

const [old, young] = [saved(1), saved(3)];

test('the latest has the newest data that was not pruned, whichever is read first', async () => {
  const points = [candidate(1, manifestWith(old), true), candidate(3, manifestWith(young), true)];
  expect(await latest(points)).toBe('run 3');
  expect(await latest([...points, candidate(5, prunes(young), true)])).toBe('run 1');
  // Its clock was wrong: it is read last.
  expect(await latest([...points, candidate(0, prunes(young), true)])).toBe('run 1');
});

test('a manifest that nobody trusts hides nothing', async () => {
  const points = [candidate(1, manifestWith(old), true), candidate(3, manifestWith(young), true)];
  expect(await latest([...points, candidate(5, prunes(young), false)])).toBe('run 3');
});
