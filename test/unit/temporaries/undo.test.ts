import { describe, expect, jest, test } from '@jest/globals';
import type { Made } from '../../../src/temporaries/undo.ts';
import { undo, undoAsked } from '../../../src/temporaries/undo.ts';
import { openEmbedded } from '../../support/embedded.ts';

jest.setTimeout(60_000);

async function open() {
  const opened = await openEmbedded({ tickMs: 2 });
  const { cloud, session } = opened;
  const told: string[] = [];
  jest.spyOn(session.log, 'warn').mockImplementation((line) => void told.push(line));
  const secret = cloud.seed.addSecret(Buffer.from('key'), { name: 'k' });
  const volume = cloud.seed.addVolume({ name: 'v' });
  const made = (kind: 'secret' | 'volume', id: string): Made => ({
    kind,
    id,
    what: `${kind} x`,
    later: 'remove',
  });
  const things = [made('secret', secret.id), made('volume', volume.id)];
  const left = () => [...cloud.state.secrets.keys(), ...cloud.state.volumes.keys()];
  const refuse = (path: RegExp) =>
    cloud.faults.add({ when: { method: 'DELETE', path, times: 100 }, do: { status: 409 } });
  return { ...opened, told, secret, volume, things, made, left, refuse };
}

describe('undoing', () => {
  test('removes all, and says which', async () => {
    await using cloud = await open();
    const removed: string[] = [];
    const report = { removed: ({ id }: Made) => void removed.push(id) };
    expect(await undo(cloud.session, cloud.things, report)).toBe(true);
    await cloud.cloud.ticks.settle();
    expect([cloud.left(), cloud.told]).toEqual([[], []]);
    expect(removed.sort()).toEqual([cloud.secret.id, cloud.volume.id].sort());
  });

  test('tells what is refused, and removes the rest', async () => {
    await using cloud = await open();
    cloud.refuse(/\/secrets\//);
    expect(await undo(cloud.session, cloud.things)).toBe(false);
    await cloud.cloud.ticks.settle();
    expect(cloud.left()).toEqual([cloud.secret.id]);
    expect(cloud.told).toEqual([
      expect.stringMatching(/^secret x, cannot be removed now; a later run removes it: .*409/),
    ]);
  });

  test('leaves what is whole, removes what is not, and tells of what cannot be seen', async () => {
    await using cloud = await open();
    const { session, volume } = cloud;
    const asked = {
      find: async () => volume,
      isWhole: () => true,
      as: ({ id }: { id: string }) => cloud.made('volume', id),
      unseen: { what: 'a volume', later: 'look' },
    } as const;
    expect(await undoAsked(session, asked)).toEqual({ whole: volume, gone: false });
    expect(cloud.left()).toContain(volume.id);
    expect(await undoAsked(session, { ...asked, find: async () => undefined })).toEqual({
      whole: undefined,
      gone: true,
    });
    const find = () => Promise.reject(new Error('the cloud is silent'));
    expect(await undoAsked(session, { ...asked, find })).toEqual({ whole: undefined, gone: false });
    expect(cloud.told).toEqual([
      expect.stringMatching(/^a volume, cannot be removed now; .*: the cloud is silent$/),
    ]);
    expect(await undoAsked(session, { ...asked, isWhole: () => false })).toEqual({
      whole: undefined,
      gone: true,
    });
    await cloud.cloud.ticks.settle();
    expect(cloud.left()).not.toContain(volume.id);
  });
});
