import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, open } from './client.ts';

let client: Client;

beforeEach(async () => {
  client = await open();
});

afterEach(async () => {
  expect(client.cloud.errors).toEqual([]);
  await client.cloud.close();
});

const createVolume = () => client.cinder('POST', '/volumes', { volume: { size: 1, name: 'v' } });

describe('faults', () => {
  test('a status comes in the shape of its service, with the headers asked for, and counts', async () => {
    const { cloud, cinder, image } = client;
    const busy = cloud.faults.add({
      when: { service: 'volume', method: 'GET', nth: 2, times: 2 },
      do: { status: 429, headers: { 'Retry-After': '3' } },
    });
    const seen: number[] = [];
    for (let count = 0; count < 4; count += 1) seen.push((await cinder('GET', '/volumes')).status);
    expect(seen).toEqual([200, 429, 429, 200]);
    expect(busy.hits).toBe(2);
    cloud.faults.add({ when: { service: 'image' }, do: { status: 503, message: 'down' } });
    const down = await image('GET', '/images');
    expect([down.status, String(down.body).includes('down')]).toEqual([503, true]);
    expect(cloud.faults.hits.map(({ method, path }) => `${method} ${path.split('/')[1]}`)).toEqual([
      'GET volume',
      'GET volume',
      'GET image',
    ]);
  });

  test('a lost response: carried out, but the client does not know', async () => {
    const { cloud } = client;
    const fault = cloud.faults.add({ when: { method: 'POST', path: '/volumes' }, do: 'lost-response' });
    await expect(createVolume()).rejects.toThrow();
    expect([fault.hits, cloud.state.volumes.size]).toEqual([1, 1]);
    expect(cloud.requests.at(-1)).toMatchObject({ method: 'POST', status: undefined });
  });

  test('a reset connection: nothing was carried out', async () => {
    const { cloud } = client;
    cloud.faults.add({
      when: { body: (body) => JSON.stringify(body).includes('"v"') },
      do: 'connection-reset',
    });
    await expect(createVolume()).rejects.toThrow();
    expect(cloud.state.volumes.size).toBe(0);
    expect((await createVolume()).status).toBe(202);
  });

  test('a cut body: half of it, then the end', async () => {
    const { cloud } = client;
    cloud.faults.add({ when: { path: /limits$/ }, do: 'cut-body' });
    await expect(client.cinder('GET', '/limits')).rejects.toThrow();
    cloud.faults.add({ when: { path: /limits$/ }, do: { slowBody: 30 } });
    const before = performance.now();
    expect((await client.cinder('GET', '/limits')).body['limits']).toBeDefined();
    expect(performance.now() - before).toBeGreaterThan(25);
  });

  test('stuck work keeps its transient status for ever', async () => {
    const { cloud } = client;
    cloud.faults.add({ when: { method: 'POST' }, do: 'stuck' });
    const { body } = await createVolume();
    await cloud.ticks.advance(100);
    expect(cloud.state.volumes.get(String(body['volume']?.['id']))?.status).toBe('creating');
  });

  test('work that fails later says why where the real one would', async () => {
    const { cloud, cinder } = client;
    cloud.faults.add({
      when: { method: 'POST', path: '/volumes' },
      do: { failLater: 'no host', detail: '003' },
    });
    const { body } = await createVolume();
    await cloud.ticks.settle();
    const id = String(body['volume']?.['id']);
    expect(cloud.state.volumes.get(id)?.status).toBe('error');
    const { body: said } = await cinder('GET', `/messages?resource_uuid=${id}`);
    expect(said['messages']?.[0]?.['user_message']).toContain(
      'Could not find any available weighted backend.',
    );
  });

  test('a failed upload takes its image away', async () => {
    const { cloud, cinder, image } = client;
    const volume = cloud.seed.addVolume();
    cloud.faults.add({ when: { path: '/action' }, do: { failLater: 'store is full' } });
    const { body } = await cinder('POST', `/volumes/${volume.id}/action`, {
      'os-volume_upload_image': { image_name: 'x' },
    });
    const id = String(body['os-volume_upload_image']?.['image_id']);
    expect((await image('GET', `/images/${id}`)).body['status']).toBe('queued');
    await cloud.ticks.settle();
    expect((await image('GET', `/images/${id}`)).status).toBe(404);
    expect(volume.status).toBe('available');
  });

  test('not found after create: only that resource, only so often', async () => {
    const { cloud, cinder } = client;
    cloud.faults.add({ when: { method: 'POST' }, do: { notFoundAfterCreate: 2 } });
    const { body } = await createVolume();
    const path = `/volumes/${body['volume']?.['id']}`;
    const seen: number[] = [];
    for (let count = 0; count < 3; count += 1) seen.push((await cinder('GET', path)).status);
    expect(seen).toEqual([404, 404, 200]);
    expect((await cinder('GET', '/volumes')).body['volumes']).toHaveLength(1);
  });

  test('clear takes the faults away and keeps their record', async () => {
    const { cloud, cinder } = client;
    cloud.faults.add({ when: { times: Number.POSITIVE_INFINITY }, do: { status: 500 } });
    await cinder('GET', '/volumes');
    cloud.faults.clear();
    expect((await cinder('GET', '/volumes')).status).toBe(200);
    expect(cloud.faults.hits).toHaveLength(1);
  });
});
