import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { POINT_PROPERTY } from '../../../src/catalog/kept-image.ts';
import { writeTags } from '../../../src/chain/tags.ts';
import { createBackup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { deleteAll } from '../../../src/prune/delete.ts';
import type { Deletion } from '../../../src/prune/plan.ts';
import { keyOf, type Saved } from '../../../src/prune/point.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { type OpenCloud, openEmbedded } from '../../support/embedded.ts';
import { tags } from '../../support/records.ts';
import { waitFor } from '../../support/wait.ts';
import { NOW, pointId, volumePoint } from './world.ts';

jest.setTimeout(60_000);

let open: OpenCloud;
beforeEach(async () => {
  open = await openEmbedded({ tickMs: 2 });
});
afterEach(async () => open[Symbol.asyncDispose]());

type Thing = Deletion['things'][number];

/** Deletes what stands in each of the lists. @returns what was deleted, and what stays with why */
async function deleted(lists: readonly (readonly Thing[])[], signal = new AbortController().signal) {
  const told = { gone: [] as string[], stays: [] as string[] };
  await deleteAll(
    lists.map((things) => ({ things })),
    { session: open.session, signal, store: undefined },
    {
      deleted: ({ data }) => told.gone.push(keyOf(data)),
      stays: ({ data }, why) => told.stays.push(`${keyOf(data)}: ${why}`),
    },
  );
  return told;
}

/** A full backup of ours and an increment on it, the newest first. */
async function chainOfTwo(): Promise<[Thing, Thing]> {
  const client = await open.session.service('block-storage');
  const { id: volume } = open.cloud.seed.addVolume();
  const made: Thing[] = [];
  for (const position of [0, 1]) {
    const wish = { volumeId: volume, name: '', description: '', incremental: position > 0, force: false };
    const id = await createBackup(client, { ...wish, metadata: {} } as never);
    await waitFor('the backup', async () => open.cloud.state.backups.get(id)?.status === 'available');
    const point: Saved = volumePoint({ number: position + 1, volume, time: NOW });
    const data = { kind: 'backup', id, volume, chain: 'c', position, parent: undefined } as const;
    retag(id, point.id);
    made.unshift({ data, point });
  }
  return made as [Thing, Thing];
}

function retag(id: string, point: string): void {
  const backup = open.cloud.state.backups.get(id);
  if (backup === undefined) throw new Error('there is no backup');
  backup.metadata = writeTags(tags({ backup: id, point }));
}

const idOf = ({ data }: Thing) => (data.kind === 'payload' ? data.name : data.id);

describe('backups', () => {
  test('go, the newest of a chain first', async () => {
    const chain = await chainOfTwo();
    expect(await deleted([chain])).toEqual({ gone: chain.map(({ data }) => keyOf(data)), stays: [] });
    expect(open.cloud.state.backups.size).toBe(0);
  });

  test('stay where somebody took the tags off, or gave them to another point, since it was planned', async () => {
    const [increment, full] = await chainOfTwo();
    const other = await chainOfTwo();
    retag(idOf(increment), pointId(99));
    retag(idOf(other[0]), other[0].point.id);
    const told = await deleted([[increment, full], other]);
    expect(told.gone).toEqual(other.map(({ data }) => keyOf(data)));
    // Nor is anything asked of what lies below it.
    expect(told.stays).toEqual([`${keyOf(increment.data)}: it no longer has the tags of openstack-backup`]);
    expect([...open.cloud.state.backups.keys()].sort()).toEqual([idOf(increment), idOf(full)].sort());
  });

  test('stay behind one that the cloud does not delete', async () => {
    const [increment, full] = await chainOfTwo();
    const when = { method: 'DELETE', path: new RegExp(idOf(increment)), times: Number.POSITIVE_INFINITY };
    open.cloud.faults.add({ when, do: { status: 403 } });
    const { gone, stays } = await deleted([[increment, full]]);
    expect([gone, stays.length]).toEqual([[], 1]);
    expect(
      open.cloud.requests.some(({ method, path }) => method === 'DELETE' && path.includes(idOf(full))),
    ).toBe(false);
  });

  test('stay where the run was told to stop', async () => {
    const chain = await chainOfTwo();
    await expect(deleted([chain], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(open.cloud.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });
});

describe('images', () => {
  const kept = async (fields: object): Promise<Thing> => {
    const properties = { [POINT_PROPERTY]: pointId(1) };
    const image = await open.cloud.seed.addImage(new SparseBytes(1024), { properties, ...fields });
    const point = volumePoint({ number: 1, volume: 'v', time: NOW });
    return { data: { kind: 'image', id: image.id }, point };
  };

  test.each([
    ['without the record', { properties: {} }],
    ['with the record of another point', { properties: { [POINT_PROPERTY]: pointId(2) } }],
    ['of another project', { ownerId: '0'.repeat(32), visibility: 'public' }],
  ])('%s stay', async (_which, fields) => {
    const thing = await kept(fields);
    const { stays } = await deleted([[thing]]);
    expect(stays).toEqual([`${keyOf(thing.data)}: it no longer has the record of openstack-backup`]);
    expect(open.cloud.state.images.has(idOf(thing))).toBe(true);
  });

  test('of ours go, and one that is gone is deleted already', async () => {
    const thing = await kept({});
    expect((await deleted([[thing], [thing]])).gone).toEqual([keyOf(thing.data), keyOf(thing.data)]);
    expect(open.cloud.state.images.has(idOf(thing))).toBe(false);
  });
});
