import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { as, type Client, open } from './client.ts';

const OCTETS = { 'Content-Type': 'application/octet-stream' };

let client: Client;

beforeEach(async () => {
  client = await open();
});

afterEach(async () => {
  expect(client.cloud.errors).toEqual([]);
  await client.cloud.close();
});

async function queued(fields: object = {}): Promise<string> {
  const image = { name: 'x', disk_format: 'raw', container_format: 'bare', ...fields };
  return `/images/${(await client.image('POST', '/images', image)).body['id']}`;
}

describe('an upload', () => {
  test('that was announced with another size is refused, and can be made again', async () => {
    const one = await queued();
    const announced = { ...OCTETS, 'x-openstack-image-size': '12' };
    const refused = await client.image('PUT', `${one}/file`, Buffer.from('hello world'), announced);
    expect([refused.status, String(refused.body)]).toEqual([
      400,
      expect.stringContaining('Size mismatch: expected 12 bytes, got 11 bytes'),
    ]);
    expect((await client.image('GET', one)).body['status']).toBe('queued');
    expect((await client.image('PUT', `${one}/file`, Buffer.from('hello world!'), announced)).status).toBe(
      204,
    );
  });

  test('that breaks off leaves the image queued', async () => {
    const one = await queued();
    const upload = request(`${client.cloud.origin}/image/v2${one}/file`, {
      method: 'PUT',
      headers: { ...OCTETS, 'X-Auth-Token': client.token, 'Content-Length': 1000 },
    });
    upload.on('error', () => undefined);
    upload.write('hello');
    await sleep(50);
    expect((await client.image('GET', one)).body['status']).toBe('saving');
    upload.destroy();
    await sleep(50);
    expect((await client.image('GET', one)).body['status']).toBe('queued');
    expect((await client.image('PUT', `${one}/file`, Buffer.from('again'), OCTETS)).status).toBe(204);
  });
});

describe('a download', () => {
  test('of nothing: 204 while queued, 200 when stored, and no part of either', async () => {
    const one = await queued();
    const part = () => client.image('GET', `${one}/file`, undefined, { Range: 'bytes=0-0' });
    expect((await client.image('GET', `${one}/file`)).status).toBe(204);
    expect((await part()).status).toBe(500);
    await client.image('PUT', `${one}/file`, Buffer.alloc(0), OCTETS);
    expect((await client.image('GET', `${one}/file`)).status).toBe(200);
    expect((await part()).status).toBe(416);
  });

  test('is refused once the image is deactivated, as its owner may do', async () => {
    const one = await queued();
    await client.image('PUT', `${one}/file`, Buffer.from('hello'), OCTETS);
    expect((await client.image('POST', `${one}/actions/deactivate`)).status).toBe(204);
    expect((await client.image('GET', `${one}/file`)).status).toBe(403);
    await client.image('POST', `${one}/actions/reactivate`);
    expect((await client.image('GET', `${one}/file`)).body).toBe('hello');
  });
});

describe('sharing', () => {
  test('a member sees the image at once, but in lists only when it has accepted', async () => {
    const one = await queued();
    const small = as(client.cloud, 'small');
    const projectId = client.cloud.state.project('small').id;
    await client.image('POST', `${one}/members`, { member: projectId });
    expect((await small.image('GET', one)).status).toBe(200);
    const listed = async () =>
      ((await small.image('GET', '/images?name=x')).body['images'] as unknown as []).length;
    expect(await listed()).toBe(0);
    await small.image('PUT', `${one}/members/${projectId}`, { status: 'accepted' });
    expect(await listed()).toBe(1);
  });

  test('a private image has no members, and says so', async () => {
    const one = await queued({ visibility: 'private' });
    expect((await client.image('GET', `${one}/members`)).status).toBe(403);
    expect((await client.image('POST', `${one}/members`, { member: 'abc' })).status).toBe(403);
  });
});

test('errors come as HTML, JSON or text, as the client accepts', async () => {
  const told = async (accept: string) => {
    const { headers, body } = await client.image('GET', '/images/zz', undefined, { Accept: accept });
    return [headers.get('content-type'), body];
  };
  expect(await told('*/*')).toEqual([
    'text/html; charset=UTF-8',
    expect.stringContaining('<h1>404 Not Found</h1>'),
  ]);
  expect(await told('application/json')).toEqual([
    'application/json',
    { message: 'No image found with ID zz<br /><br />\n\n\n', code: '404 Not Found', title: 'Not Found' },
  ]);
  expect(await told('application/octet-stream')).toEqual([
    'text/plain; charset=UTF-8',
    '404 Not Found\n\nNo image found with ID zz\n\n   ',
  ]);
});
