import { describe, expect, test } from '@jest/globals';
import { createSnapshot, watchSnapshots } from '../../../src/openstack/blockstorage/v3/snapshots.ts';
import { createVolume, watchVolumes } from '../../../src/openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../../src/openstack/connection.ts';
import { type Removable, removeAll } from '../../../src/temporaries/remove.ts';
import { openEmbedded } from '../../support/embedded.ts';

const named = (kind: Removable['kind'], id: string): Removable => ({
  kind,
  id,
  name: '',
  status: 'available',
});

async function removed(session: Session, things: readonly Removable[], withinMs?: number): Promise<string[]> {
  const said: string[] = [];
  await removeAll(
    session,
    things,
    {
      removed: ({ kind }) => void said.push(`${kind} removed`),
      refused: ({ kind }, why) => void said.push(`${kind}: ${why}`),
    },
    { withinMs },
  );
  return said;
}

/** A volume, a snapshot of it, and a volume made from that. */
async function pile({ session, cloud }: Awaited<ReturnType<typeof openEmbedded>>) {
  const cinder = await session.service('block-storage');
  const available = ({ status }: { status: string }) =>
    status === 'available' ? { done: undefined } : undefined;
  const deadline = Number.POSITIVE_INFINITY;
  const source = cloud.seed.addVolume();
  const snapshot = await createSnapshot(cinder, { volumeId: source.id, description: '', force: true });
  await watchSnapshots(cinder).until(snapshot.id, available, { deadline });
  const volume = await createVolume(cinder, { size: 1, snapshotId: snapshot.id });
  await watchVolumes(cinder).until(volume.id, available, { deadline });
  return [named('snapshot', snapshot.id), named('volume', volume.id)] as const;
}

describe('removing', () => {
  test('waits for a volume before its snapshot, and for the snapshot', async () => {
    await using opened = await openEmbedded({ capabilities: { snapshotBusy: true } });
    const [snapshot, volume] = await pile(opened);
    expect(await removed(opened.session, [snapshot, volume])).toEqual(['volume removed', 'snapshot removed']);
    expect([...opened.cloud.state.snapshots.keys()]).toEqual([]);
    expect(opened.cloud.state.volumes.has(volume.id)).toBe(false);
  });

  test('what the cloud fails to remove is not called removed', async () => {
    await using opened = await openEmbedded({ capabilities: { snapshotBusy: true } });
    const [snapshot] = await pile(opened);
    expect(await removed(opened.session, [snapshot])).toEqual([
      'snapshot: the cloud did not delete it, it is available',
    ]);
  });

  test('what does not go in time is said to be there still', async () => {
    await using opened = await openEmbedded();
    const [snapshot] = await pile(opened);
    const row = opened.cloud.state.snapshots.get(snapshot.id);
    if (row === undefined) throw new Error('no snapshot');
    // A cloud that takes its time: it never gets beyond saying so.
    Object.defineProperty(row, 'status', { get: () => 'deleting', set: () => undefined });
    opened.cloud.faults.add({ when: { method: 'DELETE', path: '/snapshots/' }, do: { status: 202 } });
    expect(await removed(opened.session, [snapshot], 30_000)).toEqual([
      'snapshot: it still exists after 30 s',
    ]);
  });

  test('nothing is removed, and nothing asked, where there is nothing', async () => {
    await using opened = await openEmbedded();
    const before = opened.asked('/').length;
    expect(await removed(opened.session, [])).toEqual([]);
    expect(opened.asked('/')).toHaveLength(before);
  });
});
