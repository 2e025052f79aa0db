import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Asked, lookAtCloud } from '../../../src/prune/look.ts';
import { resourceOf, type Saved } from '../../../src/prune/point.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { type OpenCloud, openEmbedded } from '../../support/embedded.ts';
import { NOW, volumePoint } from './world.ts';

jest.setTimeout(60_000);

let open: OpenCloud;
beforeEach(async () => {
  open = await openEmbedded({ tickMs: 2 });
});
afterEach(async () => open[Symbol.asyncDispose]());

const look = (points: readonly Saved[], asked: Partial<Asked> = {}) =>
  lookAtCloud(open.session, points, { gone: true, all: false, stored: undefined, ...asked });
const ofVolume = (volume: string): Saved => ({
  ...volumePoint({ number: 1, volume, time: NOW }),
  data: undefined,
});
const ofImage = (resource: string): Saved => ({ ...ofVolume(resource), kind: 'image' });
const refuse = (path: RegExp, status: number) =>
  open.cloud.faults.add({ when: { method: 'GET', path, times: Number.POSITIVE_INFINITY }, do: { status } });

describe('whether a volume reads an image', () => {
  const keptAs = (id: string): Saved => ({ ...ofVolume(randomUUID()), data: { kind: 'image', id } });

  test('is looked up anew, whatever was listed a moment ago', async () => {
    const image = await open.cloud.seed.addImage(new SparseBytes(1024), { name: 'kept' });
    open.cloud.seed.addVolume().status = 'downloading';
    const seen = { backups: [], volumes: [] };
    expect((await look([keptAs(image.id)], { seen })).readsImages).toBe(true);
  });

  test('is not asked where no point is an image: what was listed will do', async () => {
    const { id } = open.cloud.seed.addVolume();
    const before = open.cloud.requests.length;
    const seen = { backups: [], volumes: [] };
    await look([ofVolume(id)], { seen, gone: false });
    expect(open.cloud.requests.slice(before).filter(({ path }) => /\/volumes\/detail/.test(path))).toEqual(
      [],
    );
  });
});

describe('whether a resource exists', () => {
  const presenceOf = async (point: Saved, gone = true) =>
    (await look([point], { gone })).presence.get(resourceOf(point));

  test('is what the cloud says: only a 404 says that it is gone', async () => {
    const { id } = open.cloud.seed.addVolume();
    const none = randomUUID();
    expect(await presenceOf(ofVolume(id))).toBe('present');
    expect(await presenceOf(ofVolume(none))).toBe('gone');
    refuse(new RegExp(`/volumes/${none}$`), 403);
    expect(await presenceOf(ofVolume(none))).toBeUndefined();
  });

  test('is asked of each that no list has, where what is gone may go', async () => {
    const image = await open.cloud.seed.addImage(new SparseBytes(1024), {
      name: 'shared',
      visibility: 'public',
      ownerId: '0'.repeat(32),
    });
    expect(await presenceOf(ofImage(image.id))).toBe('present');
    expect(await presenceOf(ofImage(image.id), false)).toBe('gone');
  });

  test('is told of a hidden image too', async () => {
    const image = await open.cloud.seed.addImage(new SparseBytes(1024), { name: 'hidden', hidden: true });
    expect(await presenceOf(ofImage(image.id), false)).toBe('present');
  });
});

describe('data that no list has', () => {
  const backup = randomUUID();
  const point: Saved = {
    ...ofVolume(randomUUID()),
    data: { kind: 'backup', id: backup, volume: 'v', chain: 'c', position: 0, parent: undefined },
  };

  test('is lost where the cloud says so', async () => {
    expect([...(await look([point])).lost]).toEqual([`backup ${backup}`]);
  });

  test('is not lost where the cloud does not tell', async () => {
    refuse(new RegExp(`/backups/${backup}$`), 403);
    await expect(look([point])).rejects.toMatchObject({ status: 403 });
  });
});
