import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  SparseBytes,
  type Volume,
} from '../../fakes/cloud/index.ts';
import { uuid } from '../../fakes/cloud/state.ts';
import { as, type Client, open } from './client.ts';

let client: Client;

async function start(options: EmbeddedCloudOptions = {}): Promise<Client> {
  client = await open(options);
  return client;
}

afterEach(async () => {
  expect(client.cloud.errors).toEqual([]);
  await client.cloud.close();
});

function manyBackups(cloud: EmbeddedCloud, volume: Volume, count: number): string[] {
  const first = Date.parse('2026-01-01T00:00:00Z');
  const ids = Array.from({ length: count }, () => uuid());
  for (const [index, id] of ids.entries()) {
    const createdAt = new Date(first + 1000 * index);
    cloud.state.backups.set(id, {
      id,
      projectId: volume.projectId,
      userId: volume.userId,
      status: 'available',
      name: null,
      description: null,
      volumeId: volume.id,
      snapshotId: null,
      parentId: ids[index - 1] ?? null,
      size: 1,
      objectCount: 1,
      container: null,
      availabilityZone: 'nova',
      metadata: {},
      failReason: null,
      createdAt,
      updatedAt: createdAt,
      dataTimestamp: createdAt,
      encryptionKeyId: null,
      saved: null,
    });
  }
  return ids;
}

describe('paging', () => {
  test('Cinder: each volume once, by following next; the last page has no link', async () => {
    const { cloud, cinder } = await start({ maxLimit: 3 });
    const ids = Array.from({ length: 7 }, () => cloud.seed.addVolume().id);
    const seen: string[] = [];
    let query = '';
    for (let page = 0; page < 4; page += 1) {
      const { body } = await cinder('GET', `/volumes/detail${query}`);
      seen.push(...((body['volumes'] ?? []) as unknown as { id: string }[]).map(({ id }) => id));
      const next = body['volumes_links']?.[0]?.['href'];
      if (next === undefined) break;
      // A cloud behind a proxy links to its inner host: only the query may be taken over.
      expect(String(next)).toMatch(/^http:\/\/internal\.invalid\/volume\/v3\//);
      query = new URL(String(next)).search;
    }
    expect(seen).toEqual([...ids].reverse());
  });

  test('Cinder: 20,000 backups, each with a child, come page by page in the order asked for', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    const ids = manyBackups(cloud, volume, 20_000);
    const seen: string[] = [];
    let query = '?sort=created_at:asc';
    let parents = 0;
    while (query !== '') {
      const { body } = await cinder('GET', `/backups/detail${query}`);
      const rows = (body['backups'] ?? []) as unknown as { id: string; has_dependent_backups: boolean }[];
      seen.push(...rows.map(({ id }) => id));
      parents += rows.filter((row) => row.has_dependent_backups).length;
      const next = body['backups_links']?.[0]?.['href'];
      query = next === undefined ? '' : new URL(String(next)).search;
    }
    expect(seen).toEqual(ids);
    expect(parents).toBe(19_999);
  }, 30_000);

  test('Glance: 25 when nothing is said, and relative links', async () => {
    const { cloud, image } = await start();
    for (let count = 0; count < 26; count += 1) await cloud.seed.addImage(new SparseBytes(10));
    const { body } = await image('GET', '/images');
    expect(body['images']).toHaveLength(25);
    expect(String(body['next'])).toMatch(/^\/v2\/images\?marker=/);
    const rest = await image('GET', String(body['next']).slice('/v2'.length));
    expect(rest.body['images']).toHaveLength(1);
    expect(rest.body['next']).toBeUndefined();
  });

  test('Barbican: ten a page by default, with the total', async () => {
    const { cloud, call } = await start();
    for (let count = 0; count < 12; count += 1) cloud.seed.addSecret(Buffer.from('x'), { name: 'n' });
    const { body } = await call('GET', '/key-manager/v1/secrets?name=n');
    expect(body['secrets']).toHaveLength(10);
    expect(body['total']).toBe(12);
    expect(String(body['next'])).toContain('limit=10&offset=10&name=n');
  });
});

describe('Barbican', () => {
  test.each([
    ['legacy', 403],
    ['new', 200],
  ] as const)(
    'by the %s policy a mere member gets %d for a secret of its project',
    async (barbicanPolicy, status) => {
      const { cloud } = await start({ barbicanPolicy });
      const { id } = cloud.seed.addSecret(Buffer.from('x'));
      const headers = { Accept: 'application/octet-stream' };
      const member = await as(cloud, 'nokeys').call(
        'GET',
        `/key-manager/v1/secrets/${id}/payload`,
        undefined,
        headers,
      );
      expect(member.status).toBe(status);
      const creator = await as(cloud, 'demo').call(
        'GET',
        `/key-manager/v1/secrets/${id}/payload`,
        undefined,
        headers,
      );
      expect(creator.status).toBe(200);
    },
  );
});

describe('Keystone', () => {
  test('an application credential has its own scope and its access rules', async () => {
    const { cloud } = await start();
    const credential = cloud.seed.addApplicationCredential('demo', {
      accessRules: [
        { service: 'block-storage', method: 'GET', path: '/v3/*/volumes' },
        { service: 'image', method: 'GET', path: '/v3/*/backups' },
      ],
    });
    const ask = (extra: object) =>
      fetch(`${cloud.authUrl}/auth/tokens`, {
        method: 'POST',
        body: JSON.stringify({
          auth: {
            identity: {
              methods: ['application_credential'],
              application_credential: { id: credential.id, secret: credential.secret },
            },
            ...extra,
          },
        }),
      });
    expect((await ask({ scope: { project: { id: credential.projectId } } })).status).toBe(401);
    const response = await ask({});
    const token = response.headers.get('x-subject-token') ?? '';
    expect(response.status).toBe(201);
    const get = async (path: string) =>
      (
        await fetch(`${cloud.origin}/volume/v3/${credential.projectId}/${path}`, {
          headers: { 'X-Auth-Token': token },
        })
      ).status;
    expect([await get('volumes'), await get('backups')]).toEqual([200, 401]);
  });

  test('tokens expire with the clock', async () => {
    const { cloud, cinder } = await start({ tokenLifeMs: 60_000 });
    expect((await cinder('GET', '/volumes')).status).toBe(200);
    cloud.clock.shift(61_000);
    expect((await cinder('GET', '/volumes')).status).toBe(401);
  });

  test('a reader reads', async () => {
    const { cloud } = await start();
    const volume = cloud.seed.addVolume();
    const reader = as(cloud, 'reader');
    expect((await reader.cinder('GET', `/volumes/${volume.id}`)).status).toBe(200);
    const denied = await reader.cinder('POST', '/backups', { backup: { volume_id: volume.id } });
    expect([denied.status, denied.body['forbidden']?.['message']]).toEqual([
      403,
      "Policy doesn't allow backup:create to be performed.",
    ]);
  });

  test('another project sees nothing', async () => {
    const { cloud } = await start();
    const volume = cloud.seed.addVolume();
    const other = as(cloud, 'small');
    expect((await other.cinder('GET', `/volumes/${volume.id}`)).status).toBe(404);
  });
});

describe('microversions', () => {
  test('fields come with their version', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks' });
    const keys = async (version: string) =>
      Object.keys((await cinder('GET', `/volumes/${volume.id}`, undefined, version)).body['volume'] ?? {});
    expect(await keys('3.62')).not.toContain('volume_type_id');
    expect(await keys('3.63')).toContain('volume_type_id');
    expect(await keys('3.63')).not.toContain('encryption_key_id');
    expect(await keys('3.64')).toContain('encryption_key_id');
  });

  test('an older cloud refuses newer versions and needs the project in the URL', async () => {
    const { cloud, call, cinder } = await start({ cinderMax: '3.50' });
    const refused = await cinder('GET', '/volumes', undefined, '3.71');
    expect([refused.status, refused.body['computeFault']?.['message']]).toEqual([
      406,
      'Version 3.71 is not supported by the API. Minimum is 3.0 and maximum is 3.50.',
    ]);
    expect((await call('GET', '/volume/v3/volumes')).status).toBe(404);
    const { body } = await call('GET', '/volume/');
    expect(body['versions']?.[0]?.['version']).toBe('3.50');
    expect(cloud.requests).toHaveLength(3);
  });
});

describe('Glance', () => {
  const octets = { 'Content-Type': 'application/octet-stream' };

  test('LUKS2 bytes fail the safety check; the image is queued again, with the digests of what was refused', async () => {
    const { image } = await start();
    const made = await image('POST', '/images', { name: 'x', disk_format: 'raw', container_format: 'bare' });
    const path = `/images/${made.body['id']}`;
    const bytes = Buffer.concat([Buffer.from('4c554b53babe0002', 'hex'), Buffer.alloc(600)]);
    const refused = await image('PUT', `${path}/file`, bytes, octets);
    expect([refused.status, String(refused.body).includes('Image failed safety checks')]).toEqual([
      415,
      true,
    ]);
    const { body } = await image('GET', path);
    expect([body['status'], body['size'], typeof body['checksum']]).toEqual(['queued', null, 'string']);
    // And it stays unusable: the store has kept a file under its name.
    expect((await image('PUT', `${path}/file`, Buffer.from('good'), octets)).status).toBe(500);
  });

  test('a store without ranges says 400', async () => {
    const { cloud, image } = await start({ capabilities: { range: false } });
    const { id } = await cloud.seed.addImage(SparseBytes.from(Buffer.from('hello')));
    expect((await image('GET', `/images/${id}/file`)).body).toBe('hello');
    expect((await image('GET', `/images/${id}/file`, undefined, { Range: 'bytes=0-0' })).status).toBe(400);
  });
});

describe('Nova', () => {
  test('an image of a volume-backed server snapshots every volume, and outlives none of them', async () => {
    const { cloud, call, image } = await start();
    const volumes = [cloud.seed.addVolume({ bootable: true }), cloud.seed.addVolume({ type: 'luks' })];
    const server = cloud.seed.addServer({ volumes });
    const version = { 'OpenStack-API-Version': 'compute 2.45' };
    const { body } = await call(
      'POST',
      `/compute/v2.1/servers/${server.id}/action`,
      { createImage: { name: 'i' } },
      version,
    );
    const id = String(body['image_id']);
    const made = await image('GET', `/images/${id}`);
    expect([made.body['status'], made.body['size']]).toEqual(['active', 0]);
    const mapping = JSON.parse(String(made.body['block_device_mapping'])) as {
      snapshot_id: string;
      boot_index: number | null;
    }[];
    expect(mapping.map(({ boot_index: index }) => index)).toEqual([0, null]);
    expect(mapping.map(({ snapshot_id: snapshot }) => cloud.state.snapshots.get(snapshot)?.status)).toEqual([
      'creating',
      'creating',
    ]);
    await image('DELETE', `/images/${id}`);
    await cloud.ticks.settle();
    expect(cloud.state.snapshots.size).toBe(2);
  });

  test('an image of an image-backed server leaves its data volumes out', async () => {
    const { cloud, call, image } = await start();
    const base = await cloud.seed.addImage(SparseBytes.from(Buffer.from('root disk')));
    const server = cloud.seed.addServer({ image: base, volumes: [cloud.seed.addVolume()] });
    const answer = await call('POST', `/compute/v2.1/servers/${server.id}/action`, {
      createImage: { name: 'i' },
    });
    const id = answer.headers.get('location')?.split('/').at(-1) ?? '';
    const again = await call('POST', `/compute/v2.1/servers/${server.id}/action`, {
      createImage: { name: 'i' },
    });
    expect([answer.status, again.status]).toEqual([202, 409]);
    await cloud.ticks.settle();
    expect((await image('GET', `/images/${id}/file`)).body).toBe('root disk');
    expect(cloud.state.snapshots.size).toBe(0);
  });
});

describe('times', () => {
  test('as MySQL keeps them: whole seconds, but for the answer to the POST that made the thing', async () => {
    const { cloud, cinder } = await start({ wholeSeconds: true });
    const made = await cinder('POST', '/volumes', { volume: { size: 1 } });
    const volume = made.body['volume'];
    await cloud.ticks.settle();
    const shown = await cinder('GET', `/volumes/${String(volume?.['id'])}`);
    const taken = await cinder('POST', '/snapshots', { snapshot: { volume_id: volume?.['id'] } });
    const snapshot = taken.body['snapshot'];
    const seen = await cinder('GET', `/snapshots/${String(snapshot?.['id'])}`);
    for (const [answer, record] of [
      [volume, shown.body['volume']],
      [snapshot, seen.body['snapshot']],
    ]) {
      const [second, fraction] = String(answer?.['created_at']).split('.');
      expect(Number(fraction)).toBeGreaterThan(0);
      expect(record?.['created_at']).toBe(`${second}.000000`);
    }
  });
});
