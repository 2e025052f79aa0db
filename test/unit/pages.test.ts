import { describe, expect, test } from '@jest/globals';
import { listVolumes } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { listServers } from '../../src/openstack/compute/v2/servers.ts';
import { CloudError } from '../../src/openstack/errors.ts';
import { listImages } from '../../src/openstack/image/v2/images.ts';
import { pages } from '../../src/openstack/pages.ts';
import { collect } from '../../src/pool.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { openEmbedded } from '../support/embedded.ts';

/** A list of a service that refuses markers that are gone, three items a page; `between` runs after each page. */
function list(ids: string[], between: (answered: number) => void = () => undefined) {
  const asked: (string | undefined)[] = [];
  const ask = async ({ marker }: Record<string, string>) => {
    asked.push(marker);
    const at = marker === undefined ? 0 : ids.indexOf(marker) + 1;
    if (marker !== undefined && at === 0) throw new CloudError({ doing: 'list', status: 404, words: 'gone' });
    const items = ids.slice(at, at + 3).map((id) => ({ id }));
    const more = ids.length > at + 3;
    between(asked.length);
    return { items, more };
  };
  return { asked, all: async () => (await collect(pages(ask))).map(({ id }) => id) };
}

describe('a list in pages', () => {
  test('whose marker is deleted meanwhile goes on from the item before it', async () => {
    const ids = [...'abcdefgh'];
    const { asked, all } = list(ids, (answered) => void (answered === 1 && ids.splice(2, 1)));
    expect(await all()).toEqual([...'abcdefgh']);
    expect(asked).toEqual([undefined, 'c', 'b', 'f']);
  });

  test('of which all that was seen is deleted meanwhile begins again', async () => {
    const ids = [...'abcdefgh'];
    const { asked, all } = list(ids, (answered) => void (answered === 1 && ids.splice(0, 3)));
    expect(await all()).toEqual([...'abcdefgh']);
    expect(asked).toEqual([undefined, 'c', 'b', 'a', undefined, 'f']);
  });

  test('names each item once, however far back it had to go', async () => {
    const ids = [...'abcdefghij'];
    const { asked, all } = list(ids, (answered) => void (answered === 2 && ids.splice(3, 3)));
    expect(await all()).toEqual([...'abcdefghij']);
    expect(asked).toEqual([undefined, 'c', 'f', 'e', 'd', 'b', 'h']);
  });

  test('that is refused for another reason says so', async () => {
    const refuse = (status: number) => async (query: Record<string, string>) => {
      if (query['marker'] !== undefined) throw new CloudError({ doing: 'list', status, words: 'no' });
      return { items: [{ id: 'a' }, { id: 'b' }], more: true };
    };
    await expect(collect(pages(refuse(404)))).rejects.toMatchObject({ status: 404 });
    await expect(collect(pages(refuse(403)))).rejects.toMatchObject({ status: 403 });
  });

  test('whose service knows no markers ends', async () => {
    const same = async () => ({ items: [{ id: 'a' }], more: true });
    expect(await collect(pages(same))).toEqual([{ id: 'a' }]);
  });

  test.each(['volumes', 'servers', 'images'] as const)('of %s outlives its marker', async (kind) => {
    await using opened = await openEmbedded({ maxLimit: 2 });
    const { cloud, session } = opened;
    const { seed } = cloud;
    for (let made = 0; made < 5; made += 1) {
      if (kind === 'volumes') seed.addVolume();
      if (kind === 'servers') seed.addServer();
      if (kind === 'images') await seed.addImage(new SparseBytes(1), { name: `i-${made}` });
    }
    const lists: Record<typeof kind, () => Promise<AsyncGenerator<{ id: string }[]>>> = {
      volumes: async () => listVolumes(await session.service('block-storage')),
      servers: async () => listServers(await session.service('compute')),
      images: async () => listImages(await session.service('image')),
    };
    const whole = (await collect(await lists[kind]())).map(({ id }) => id);
    const seen: string[] = [];
    for await (const page of await lists[kind]()) {
      seen.push(...page.map(({ id }) => id));
      if (seen.length === 2) cloud.state[kind].delete(seen[1] ?? '');
    }
    expect(seen).toEqual(whole);
    expect(whole.length).toBeGreaterThanOrEqual(5);
  });
});
