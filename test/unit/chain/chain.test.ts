import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ChainDecision, decideChain } from '../../../src/chain/chain.ts';
import { readTags, writeTags } from '../../../src/chain/tags.ts';
import type { Backup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { backup, chainOf, LONGEST_OWNER, tags } from '../../support/records.ts';

function auto(backups: readonly Backup[], size = 1, max = 7): ChainDecision {
  return decideChain('auto', backups, size, max);
}

describe('full or increment', () => {
  test('the first backup is full', () => {
    expect(auto([])).toEqual({ mode: 'full', reason: 'the volume has no backup yet' });
  });

  test('an increment on the newest of a whole chain of ours', () => {
    const chain = chainOf(3);
    expect(auto(chain)).toMatchObject({
      mode: 'incremental',
      position: 3,
      parent: chain[2]?.id,
      chain: readTags(chain[0] as Backup)?.chain,
    });
  });

  test('none on a chain whose middle link is left out', () => {
    const [first, , third] = chainOf(3) as [Backup, Backup, Backup];
    const own = readTags(third);
    if (own === undefined) throw new Error('it has no tags');
    const skipping = { ...third, metadata: writeTags({ ...own, parent: first.id }) };
    expect(auto([first, skipping])).toMatchObject({
      mode: 'full',
      reason: expect.stringContaining('do not fit its chain'),
    });
  });

  test('the order of the list does not matter', () => {
    const chain = chainOf(3);
    expect(auto([...chain].reverse())).toEqual(auto(chain));
  });

  test('a chain as long as max-chain ends', () => {
    expect(auto(chainOf(3), 1, 3)).toEqual({
      mode: 'full',
      reason: 'the chain has 3 backups, and max-chain is 3',
    });
    expect(auto(chainOf(2), 1, 3).mode).toBe('incremental');
  });

  test('max-chain 1 makes only full ones', () => {
    expect(auto(chainOf(1), 1, 1).mode).toBe('full');
  });

  test('a volume that has grown', () => {
    expect(auto(chainOf(1), 2)).toEqual({
      mode: 'full',
      reason: 'the volume has grown from 1 to 2 GiB since its last backup',
    });
  });

  test('a foreign backup that Cinder would take as the parent', () => {
    const foreign = backup({ dataTimestamp: '2026-11-20T00:00:00.000Z' });
    expect(auto([...chainOf(2), foreign])).toEqual({
      mode: 'full',
      reason: `the newest backup, ${foreign.id}, is not ours, and Cinder would take it as the parent`,
    });
  });

  test('an older foreign backup is no matter', () => {
    expect(auto([backup({ dataTimestamp: '2026-10-01T00:00:00.000Z' }), ...chainOf(2)]).mode).toBe(
      'incremental',
    );
  });

  test('a failed newest backup is passed over, as Cinder does', () => {
    const failed = backup({ status: 'error', dataTimestamp: '2026-11-20T00:00:00.000Z' });
    expect(auto([...chainOf(2), failed])).toMatchObject({ mode: 'incremental', position: 2 });
  });

  test('an increment of a snapshot goes on the newest backup of before, as Cinder lets it', () => {
    const chain = chainOf(3);
    const at = (moment: string) => decideChain('auto', chain, 1, 7, moment);
    expect(at('2026-11-02T00:00:01.000Z')).toMatchObject({
      mode: 'incremental',
      position: 2,
      parent: chain[1]?.id,
    });
    // Not of the same second: Cinder keeps no finer time.
    expect(at('2026-11-02T00:00:00.000Z')).toMatchObject({ position: 1, parent: chain[0]?.id });
    expect(at('2026-10-01T00:00:00.000Z')).toMatchObject({
      mode: 'full',
      reason: 'the volume has no backup yet',
    });
  });

  test('a link that was deleted by hand', () => {
    const [first, second, third] = chainOf(3) as [Backup, Backup, Backup];
    expect(auto([first, third])).toEqual({
      mode: 'full',
      reason: `backup ${second.id}, which ${third.id} needs, is gone`,
    });
  });

  test('a link in error', () => {
    const [first, second, third] = chainOf(3) as [Backup, Backup, Backup];
    expect(auto([first, { ...second, status: 'error' }, third])).toMatchObject({
      mode: 'full',
      reason: expect.stringContaining('is error'),
    });
  });

  test('a link whose tags belong to another chain', () => {
    const [first, second] = chainOf(2) as [Backup, Backup];
    const meddled = { ...first, metadata: writeTags(tags({ position: 0 })) };
    expect(auto([meddled, second])).toMatchObject({
      mode: 'full',
      reason: `the tags of backup ${first.id} do not fit its chain`,
    });
  });

  test('tags that go in a circle end', () => {
    const [first, second] = chainOf(2) as [Backup, Backup];
    const circle = { ...first, metadata: { ...first.metadata, 'openstack-backup:parent': second.id } };
    expect(auto([circle, second]).mode).toBe('full');
  });

  test('an increment that the driver made full and that was never set right', () => {
    const [first, second] = chainOf(2) as [Backup, Backup];
    expect(auto([{ ...first, incremental: true }, second])).toMatchObject({
      mode: 'full',
      reason: expect.stringContaining('not a full one'),
    });
  });

  test('mode full is always full, mode incremental never', () => {
    expect(decideChain('full', chainOf(1), 1, 7)).toEqual({
      mode: 'full',
      reason: 'full backups were asked for',
    });
    expect(decideChain('incremental', [], 1, 7)).toEqual({
      mode: 'impossible',
      reason: 'the volume has no backup yet',
    });
  });
});

describe('tags', () => {
  test('are read back as they were written', () => {
    const written = tags({
      parent: '33333333-3333-4333-8333-333333333333',
      position: 2,
      encrypted: true,
      bootable: true,
      volumeTypeId: 'x',
    });
    const id = randomUUID();
    expect(readTags({ id, metadata: writeTags(written) })).toEqual(written);
    expect(readTags({ id, metadata: writeTags({ ...written, backup: id }) })).toEqual({
      ...written,
      backup: id,
    });
    expect(readTags({ id: randomUUID(), metadata: writeTags({ ...written, backup: id }) })).toBeUndefined();
  });

  test('obey the limits of Cinder', () => {
    const pairs = Object.entries(writeTags(tags({ owner: LONGEST_OWNER, backup: randomUUID() })));
    for (const [key, value] of pairs) {
      expect(key).toMatch(/^[a-zA-Z0-9-_:. /]{1,255}$/);
      expect(value.length).toBeLessThanOrEqual(255);
    }
    expect(pairs.length).toBeGreaterThan(8);
  });

  test.each(['run', 'point', 'chain'])('with a %s that is no UUID are not ours', (key) => {
    const metadata = { ...writeTags(tags()), [`openstack-backup:${key}`]: '../x' };
    expect(readTags({ id: randomUUID(), metadata })).toBeUndefined();
  });
});
