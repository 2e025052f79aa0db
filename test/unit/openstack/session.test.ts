import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { loadCloud } from '../../../src/openstack/config/load.ts';
import { openHttp } from '../../../src/openstack/http.ts';
import { openSession } from '../../../src/openstack/session.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { openEmbedded } from '../../support/embedded.ts';

const images = { doing: 'x', method: 'GET', path: '/images', ok: [200], decode: () => undefined } as const;

describe('what a session tells to be hidden', () => {
  test('are the password, and each token before it is used', async () => {
    await using opened = await openEmbedded();
    const { cloud, session, secrets } = opened;
    const all = () => [cloud.openrc()['OS_PASSWORD'], ...cloud.state.tokens.keys()];
    expect(all().length).toBe(2);
    expect(secrets).toEqual(expect.arrayContaining(all()));
    cloud.seed.killTokens();
    await (await session.service('image')).call(images);
    expect(all().length).toBe(3);
    expect(secrets).toEqual(expect.arrayContaining(all()));
  });

  test('is the key of a certificate too', async () => {
    await using opened = await openEmbedded();
    const config = await loadCloud({}, opened.cloud.openrc(), '/nonexistent');
    const http = openHttp({ verify: true }, {});
    const told: unknown[] = [];
    const tools = { http, clock: systemClock, log: silentLog, secret: (value: unknown) => told.push(value) };
    await openSession({ ...config, key: 'the key' }, tools);
    await http.close();
    expect(told).toContain('the key');
  });
});

describe('a token that is refused', () => {
  test('is renewed once for all requests that it is refused for', async () => {
    await using opened = await openEmbedded();
    const { cloud, session, asked } = opened;
    const client = await session.service('image');
    cloud.seed.killTokens();
    await Promise.all([1, 2, 3, 4, 5].map(() => client.call(images)));
    expect(asked('/identity').filter((line) => line.startsWith('POST'))).toHaveLength(2);
  });

  test('fails a request whose body is a stream: that is gone, and an empty one is never sent', async () => {
    await using opened = await openEmbedded();
    const { cloud, session, asked } = opened;
    const client = await session.service('image');
    const path = '/images/6f0c2a1e-0000-4000-8000-000000000000/file';
    cloud.seed.killTokens();
    const upload = client.call({ ...images, method: 'PUT', path, body: Readable.from([Buffer.of(1)]) });
    await expect(upload).rejects.toMatchObject({ status: 401 });
    expect(asked('/image/v2').filter((line) => line.startsWith('PUT'))).toHaveLength(1);
  });
});

test('a run that is told to stop cleans up within its own time, and one that is not goes on as it is', async () => {
  await using opened = await openEmbedded();
  const { cloud } = opened;
  const config = await loadCloud({}, cloud.openrc(), '/nonexistent');
  const http = openHttp({ verify: true }, {});
  const controller = new AbortController();
  const { signal } = controller;
  const tools = { http, clock: systemClock, log: silentLog, secret: () => undefined, signal };
  const session = await openSession(config, tools);
  const client = await session.service('image');
  session.windUp();
  expect(session.signal).toBe(signal);
  controller.abort(new Error('stop'));
  await expect(client.call(images)).rejects.toThrow('stop');
  session.windUp();
  expect(session.signal?.aborted).toBe(false);
  await client.call(images);
  await http.close();
});
