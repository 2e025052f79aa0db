import { expect, test } from '@jest/globals';
import { decide } from '../../../src/chain/decide.ts';
import { Marks, markPoints } from '../../../src/chain/marks.ts';
import { readTags, writeTags } from '../../../src/chain/tags.ts';
import { createBackup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { silentLog } from '../../../src/ports/log.ts';
import type { Backup } from '../../fakes/cloud/index.ts';
import { embeddedWorld } from '../../scenarios/embedded.ts';
import { backup, chainOf, tags, volume } from '../../support/records.ts';

test('what another process published is marked, and no backup that may only have a copy of its tags', async () => {
  const world = await embeddedWorld({ maxLimit: 2 });
  try {
    const client = await (await world.session('demo')).service('block-storage');
    const started = [tags({ state: 'started' }), tags({ state: 'started' }), tags({ state: 'started' })];
    const [one, copied, other] = started.map((each) => writeTags(each));
    const bearing: Backup[] = [];
    for (const metadata of [one, copied, copied, other]) {
      const volumeId = world.cloud.seed.addVolume({ name: 'db' }).id;
      const backup = { name: 'b', description: '', incremental: false, force: false, snapshotId: undefined };
      const id = await createBackup(client, { ...backup, volumeId, metadata: metadata ?? {} });
      await world.cloud.ticks.settle();
      bearing.push(world.cloud.state.backups.get(id) as Backup);
    }
    await markPoints(client, new Set(started.slice(0, 2).map(({ point }) => point)), silentLog);
    expect(bearing.map((backup) => [readTags(backup)?.state, readTags(backup)?.backup])).toEqual([
      ['recorded', bearing[0]?.id],
      ['started', undefined],
      ['started', undefined],
      ['started', undefined],
    ]);
  } finally {
    await world.close();
  }
});

test('an increment goes by the tags that its parent gets once the manifest is published', () => {
  const [full, next] = chainOf(2);
  if (full === undefined || next === undefined) throw new Error('there is no chain');
  const madeFull = { ...next, incremental: false };
  const before = [full, madeFull, backup({ volumeId: 'another' })];
  const wishes = { mode: 'auto', maxChain: 7 } as const;
  const of = volume({ id: full.volumeId });
  expect(decide(of, before, wishes)).toMatchObject({ mode: 'incremental', position: 2 });
  const marks = new Marks();
  expect(marks.corrected(before)).toEqual(before);
  const made = tags({ chain: '44444444-4444-4444-8444-444444444444' });
  marks.saw(madeFull, made);
  expect(decide(of, marks.corrected(before), wishes)).toMatchObject({
    mode: 'incremental',
    chain: made.chain,
    position: 1,
    parent: madeFull.id,
  });
});
