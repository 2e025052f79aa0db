import { describe, expect, test } from '@jest/globals';
import { adoptable } from '../../../src/chain/adoptable.ts';
import { decideChain } from '../../../src/chain/chain.ts';
import { isCounted, parentOf, tagsAsMade } from '../../../src/chain/parent.ts';
import { readTags, type Tags, writeTags } from '../../../src/chain/tags.ts';
import type { Backup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { backup, chainOf, tags } from '../../support/records.ts';

const tagsOf = (of: Backup) => readTags(of) as Tags;
const at = (time: string) => ({ createdAt: time, dataTimestamp: time });

/** A chain of two, whose end is what we asked for, and a backup of somebody else that came in between. */
function interrupted(): { full: Backup; foreign: Backup; ours: Backup } {
  const [full, ours] = chainOf(2) as [Backup, Backup];
  return {
    full: { ...full, ...at('2026-11-01T00:00:00.000Z') },
    foreign: backup({ ...at('2026-11-01T12:00:00.000Z'), hasDependents: true }),
    ours: { ...ours, ...at('2026-11-02T00:00:00.000Z') },
  };
}

describe('the parent that Cinder took', () => {
  test('is the one that was meant, where others depend on that', () => {
    const { full, ours } = interrupted();
    const taken = { ...full, hasDependents: true };
    expect(parentOf(ours, full.id, [taken, ours])).toBe(taken);
    expect(tagsAsMade(ours, tagsOf(ours), [taken, ours])).toEqual(tagsOf(ours));
  });

  test('is a newer one that came in between, and the tags say so', () => {
    const { full, foreign, ours } = interrupted();
    expect(parentOf(ours, full.id, [full, foreign, ours])).toBe(foreign);
    expect(tagsAsMade(ours, tagsOf(ours), [ours, foreign, full])).toMatchObject({
      parent: foreign.id,
      position: 1,
    });
  });

  test('is one of another chain of ours', () => {
    const { full, ours } = interrupted();
    const other = backup({
      ...at('2026-11-01T12:00:00.000Z'),
      hasDependents: true,
      metadata: writeTags(tags({ position: 0 })),
    });
    expect(tagsAsMade(ours, tagsOf(ours), [full, other, ours])).toMatchObject({
      chain: tagsOf(other).chain,
      position: 1,
      parent: other.id,
    });
  });

  test('is the one that was meant where it had no dependents before, whatever newer ones have', () => {
    const { full, foreign, ours } = interrupted();
    const taken = { ...full, hasDependents: true };
    expect(parentOf(ours, full.id, [taken, foreign, ours], [full])).toBe(taken);
  });

  test('is the increment that a run at the same time made on the one that was meant', () => {
    const { full, ours } = interrupted();
    const taken = { ...full, hasDependents: true };
    const rival = { ...ours, id: 'rival', ...at('2026-11-01T23:59:59.000Z'), hasDependents: true };
    expect(parentOf(ours, full.id, [taken, rival, ours], [full])).toBe(rival);
    // It was listed, and not yet counted.
    const listed = [full, { ...rival, hasDependents: false }];
    expect(parentOf(ours, full.id, [taken, rival, ours], listed)).toBe(rival);
    expect(parentOf(rival, full.id, [taken, rival, ours], [full])).toBe(taken);
    const older = { ...rival, hasDependents: false };
    expect(parentOf(ours, full.id, [taken, older, ours], [full])).toBe(taken);
  });

  test('of one second is the one that was meant', () => {
    const { full, foreign, ours } = interrupted();
    const [one, other] = [full, foreign].map((each) => ({
      ...each,
      hasDependents: true,
      ...at('2026-11-01T00:00:00.000Z'),
    })) as [Backup, Backup];
    for (const meant of [one, other]) expect(parentOf(ours, meant.id, [one, other, ours])).toBe(meant);
  });

  test('is never one of another volume, a later one, or itself', () => {
    const { full, ours } = interrupted();
    const later = backup({ ...at('2026-11-03T00:00:00.000Z'), hasDependents: true });
    const elsewhere = backup({ ...at('2026-11-01T12:00:00.000Z'), hasDependents: true, volumeId: full.id });
    expect(
      parentOf(ours, full.id, [full, { ...ours, hasDependents: true }, later, elsewhere]),
    ).toBeUndefined();
  });

  test('is none where the cloud made it full: a chain of its own', () => {
    const { full, ours } = interrupted();
    const made = tagsAsMade({ ...ours, incremental: false }, tagsOf(ours), [full]);
    expect(made).toMatchObject({ position: 0, parent: undefined });
    expect(made?.chain).not.toBe(tagsOf(ours).chain);
  });

  test('shows when that is counted, be it the one that was meant or another', () => {
    const { full, foreign, ours } = interrupted();
    const counts = (...backups: Backup[]) =>
      isCounted(ours, full.id, [...backups, ours], [full, { ...foreign, id: before.id }]);
    const before = backup({ hasDependents: true, ...at('2026-10-31T00:00:00.000Z') });
    expect(counts(full, before)).toBe(false);
    expect(counts(full, before, { ...foreign, hasDependents: false })).toBe(false);
    expect(counts({ ...full, hasDependents: true }, before)).toBe(true);
    expect(counts(full, before, foreign)).toBe(true);
  });

  test('cannot be told of an increment with the tags of a full one and nothing before it', () => {
    expect(tagsAsMade(backup({ incremental: true }), tags(), [])).toBeUndefined();
  });
});

test('of two backups of one second the increment goes on the one that Cinder takes: the greater id', () => {
  const second = at('2026-11-05T00:00:00.000Z');
  const one = backup({ ...second, id: '11111111-1111-4111-8111-111111111111', metadata: writeTags(tags()) });
  const other = backup({ ...second, id: '99999999-9999-4999-8999-999999999999' });
  for (const list of [
    [one, other],
    [other, one],
  ])
    expect(decideChain('auto', list, 1, 7)).toMatchObject({
      mode: 'full',
      reason: expect.stringContaining(`${other.id}, was not made by openstack-backup`),
    });
});

describe('a backup that a run left', () => {
  const run = '55555555-5555-4555-8555-555555555555';
  const left = (fields: Partial<Tags> = {}, more: Partial<Backup> = {}) => {
    const its = tags({ state: 'started', run, ...fields });
    return { tags: its, backup: backup({ metadata: writeTags(its), ...more }) };
  };
  const ours = { description: `made by openstack-backup, run ${run}` };

  test('is taken up', () => {
    const one = left({}, ours);
    expect(adoptable(one, [one.backup])).toEqual({ tags: one.tags });
  });

  test('is not one whose tags stand recorded on another: they were copied', () => {
    const one = left({}, ours);
    const recorded = backup({ metadata: writeTags({ ...one.tags, state: 'recorded' }) });
    expect(adoptable(one, [recorded, one.backup])).toEqual({
      why: `its tags are a copy of those of backup ${recorded.id}`,
    });
  });

  test('is the one that says so in words, where its tags were copied before they were recorded', () => {
    const one = left({}, ours);
    const copy = { tags: one.tags, backup: backup({ metadata: one.backup.metadata }) };
    expect(adoptable(one, [copy.backup, one.backup])).toEqual({ tags: one.tags });
    expect(adoptable(copy, [copy.backup, one.backup])).toMatchObject({
      why: expect.stringContaining(one.backup.id),
    });
  });

  test('is none of two that are alike', () => {
    const one = left();
    const copy = backup({ metadata: one.backup.metadata });
    expect(adoptable(one, [copy, one.backup])).toMatchObject({ why: expect.stringContaining('is a copy') });
  });
});
