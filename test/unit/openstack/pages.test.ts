import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../../src/decode.ts';
import { listVolumes } from '../../../src/openstack/blockstorage/v3/volumes.ts';
import { listServers } from '../../../src/openstack/compute/v2/servers.ts';
import type { Call, ServiceClient } from '../../../src/openstack/connection.ts';
import { CloudError } from '../../../src/openstack/errors.ts';
import { listImages } from '../../../src/openstack/image/v2/images.ts';
import { listSecrets } from '../../../src/openstack/keymanager/v1/secrets.ts';
import { listNetworks } from '../../../src/openstack/network/v2/networks.ts';
import { pages } from '../../../src/openstack/pages.ts';
import { collect } from '../../../src/pool.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { openEmbedded } from '../../support/embedded.ts';

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
  return { asked, all: async () => (await collect(pages('things', ask))).map(({ id }) => id) };
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

  test('goes on where whole pages come again after a step back', async () => {
    const ids = [...'abcdefghijklmnopqrstuvwxyz'];
    const { asked, all } = list(ids, (answered) => void (answered === 6 && ids.splice(9, 9)));
    expect(await all()).toEqual([...'abcdefghijklmnopqrstuvwxyz']);
    expect(asked.slice(6)).toEqual(['r', 'q', 'p', 'n', 'j', 'b', 'e', 'h', 't', 'w']);
  });

  // Nova, whose marker is a build request that its cell has already, gives that server once more.
  test('that gives its last item once more goes on', async () => {
    const answers = [['a', 'b'], ['b'], ['b', 'c'], []];
    const asked: (string | undefined)[] = [];
    const ask = async ({ marker }: Record<string, string>) => {
      asked.push(marker);
      return { items: (answers[asked.length - 1] ?? []).map((id) => ({ id })), more: asked.length < 4 };
    };
    expect(await collect(pages('things', ask))).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(asked).toEqual([undefined, 'b', 'b', 'c']);
  });

  test('that is refused for another reason says so', async () => {
    const refuse = (status: number) => async (query: Record<string, string>) => {
      if (query['marker'] !== undefined) throw new CloudError({ doing: 'list', status, words: 'no' });
      return { items: [{ id: 'a' }, { id: 'b' }], more: true };
    };
    await expect(collect(pages('things', refuse(404)))).rejects.toMatchObject({ status: 404 });
    await expect(collect(pages('things', refuse(403)))).rejects.toMatchObject({ status: 403 });
  });

  test('whose service leaves the marker out is no list', async () => {
    let asked = 0;
    const same = async () => {
      asked += 1;
      if (asked > 100) throw new Error('asked for ever');
      return { items: [{ id: 'a' }, { id: 'b' }], more: true };
    };
    await expect(collect(pages('things', same))).rejects.toThrow(
      'cannot list the things: the cloud says that there are more, but repeats those',
    );
  });

  test('that goes round in a circle is none', async () => {
    const round = [
      ['a', 'b'],
      ['c', 'd'],
      ['a', 'b'],
      ['c', 'd'],
    ];
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (asked > 100) throw new Error('asked for ever');
      return { items: (round[(asked - 1) % round.length] ?? []).map((id) => ({ id })), more: true };
    };
    await expect(collect(pages('things', ask))).rejects.toThrow('cannot list the things');
    // Two pages, and four in a row without anything new.
    expect(asked).toBe(6);
  });

  const answering = (answers: readonly unknown[]): ServiceClient => {
    let asked = -1;
    const call = async ({ decode }: Call<unknown>) => {
      asked += 1;
      return decode(answers[Math.min(asked, answers.length - 1)] as Json);
    };
    const session = { scope: { project: { id: randomUUID() }, roles: [] } };
    return { call, session } as unknown as ServiceClient;
  };

  test('of Neutron ends at the page whose only link leads back', async () => {
    const network = (id: string) => ({ id, name: '', 'router:external': false, project_id: 'p' });
    const [one, other] = [randomUUID(), randomUUID()];
    const client = answering([
      { networks: [network(one)], networks_links: [{ rel: 'next', href: 'x' }] },
      { networks: [network(other)], networks_links: [{ rel: 'previous', href: 'x' }] },
    ]);
    expect((await collect(listNetworks(client))).map(({ id }) => id)).toEqual([one, other]);
    const stuck = answering([{ networks: [network(one)], networks_links: [{ rel: 'next', href: 'x' }] }]);
    await expect(collect(listNetworks(stuck))).rejects.toThrow('cannot list the networks');
  });

  test('of Barbican that begins again is none', async () => {
    const secret = {
      secret_ref: `https://c/v1/secrets/${randomUUID()}`,
      name: null,
      created: '2026-11-23T00:00:00',
      status: 'ACTIVE',
      secret_type: 'opaque',
      content_types: {},
    };
    const client = answering([{ secrets: [secret], next: 'https://c/v1/secrets?offset=1' }]);
    await expect(collect(listSecrets(client))).rejects.toThrow('cannot list the secrets');
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
