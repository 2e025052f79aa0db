import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import type { ServiceClient } from '../../../src/openstack/connection.ts';
import { CloudError } from '../../../src/openstack/errors.ts';
import { downloadImage, hasRanges } from '../../../src/openstack/image/v2/download.ts';
import {
  createImage,
  deleteImage,
  getImage,
  listImages,
  updateImage,
} from '../../../src/openstack/image/v2/images.ts';
import { getImageLimits, listStores } from '../../../src/openstack/image/v2/info.ts';
import { addMember, listMembers, removeMember } from '../../../src/openstack/image/v2/members.ts';
import { replayable } from '../../../src/openstack/image/v2/properties.ts';
import { uploadImage } from '../../../src/openstack/image/v2/upload.ts';
import { collect } from '../../../src/pool.ts';
import { type EmbeddedCloudOptions, SparseBytes } from '../../fakes/cloud/index.ts';
import { openEmbedded } from '../../support/embedded.ts';

const BYTES = randomBytes(300_000);

async function open(options: EmbeddedCloudOptions = {}) {
  const opened = await openEmbedded(options);
  const client = await opened.session.service('image');
  return { ...opened, client, stored: (id: string) => opened.cloud.state.images.get(id) };
}

async function queued(client: ServiceClient, fields: object = {}): Promise<string> {
  const id = randomUUID();
  await createImage(client, { id, name: 'db', diskFormat: 'raw', containerFormat: 'bare', ...fields });
  return id;
}

function pieces(bytes: Uint8Array = BYTES): Readable {
  const cut = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
    bytes.subarray(at * 65_536, (at + 1) * 65_536),
  );
  return Readable.from(cut);
}

async function read(from: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(part);
  return Buffer.concat(parts);
}

/** A client whose service always says the same. */
function answering(json: object): ServiceClient {
  const call: ServiceClient['call'] = ({ decode }) => decode({ ...json }) as never;
  return { call } as ServiceClient;
}

function raw(client: ServiceClient, id: string) {
  return client.call({
    doing: 'read an image',
    method: 'GET',
    path: `/images/${id}`,
    ok: [200],
    decode: (body) => ({ body }),
  });
}

describe('an image', () => {
  test('has its fields, and every other key as property', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client, {
      tags: ['b', 'a'],
      minDisk: 2,
      protected: true,
      visibility: 'private',
      properties: { 'x/y~z': '1', empty: '' },
    });
    expect(await getImage(cloud.client, id)).toMatchObject({
      id,
      name: 'db',
      status: 'queued',
      visibility: 'private',
      protected: true,
      size: undefined,
      hash: undefined,
      minDisk: 2,
      properties: { 'x/y~z': '1', empty: '' },
    });
  });

  test('whose create was answered by nobody is made once', async () => {
    await using cloud = await open();
    cloud.cloud.faults.add({ when: { method: 'POST', path: '/v2/images' }, do: 'lost-response' });
    const id = await queued(cloud.client);
    expect([...cloud.cloud.state.images.keys()]).toEqual([id]);
    expect(cloud.asked('/image')).toEqual(['POST /image/v2/images', `GET /image/v2/images/${id}`]);
  });

  test('is listed with all others, whatever the page', async () => {
    await using cloud = await open({ maxLimit: 2 });
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push(await queued(cloud.client));
    const listed = await collect(listImages(cloud.client));
    expect(listed.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(await collect(listImages(cloud.client, { name: 'other' }))).toEqual([]);
  });

  test('is changed as a whole, and its names are no pointers', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client, { properties: { 'a/b': '1', gone: '1' } });
    const changed = await updateImage(cloud.client, id, [
      { op: 'replace', name: 'a/b', value: '2' },
      { op: 'add', name: 'c~1d', value: '3' },
      { op: 'remove', name: 'gone' },
      { op: 'replace', name: 'tags', value: ['t/u'] },
    ]);
    expect(changed).toMatchObject({ properties: { 'a/b': '2', 'c~1d': '3' }, tags: ['t/u'] });
    await expect(updateImage(cloud.client, id, [{ op: 'remove', name: 'gone' }])).rejects.toMatchObject({
      status: 409,
    });
  });

  test('is deleted once, and not while it is protected', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client, { protected: true });
    await expect(deleteImage(cloud.client, id)).rejects.toMatchObject({
      status: 403,
      hint: 'Remove the protection first.',
    });
    await updateImage(cloud.client, id, [{ op: 'replace', name: 'protected', value: false }]);
    await deleteImage(cloud.client, id);
    await deleteImage(cloud.client, id);
    expect(cloud.cloud.state.images.size).toBe(0);
  });

  test('is shared with members', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client, { visibility: 'shared' });
    await addMember(cloud.client, id, 'other');
    await addMember(cloud.client, id, 'other');
    expect(await listMembers(cloud.client, id)).toEqual([{ projectId: 'other', status: 'pending' }]);
    await removeMember(cloud.client, id, 'other');
    await removeMember(cloud.client, id, 'other');
    expect(await listMembers(cloud.client, id)).toEqual([]);
  });

  test('has limits where the cloud tells', async () => {
    const usage = { image_size_total: { limit: 1000, usage: 20 } };
    expect(await getImageLimits(answering({ usage }))).toEqual({
      size: { used: 20, max: 1000 },
      images: undefined,
      uploading: undefined,
    });
    await using cloud = await open();
    cloud.cloud.faults.add({ when: { path: '/info', times: 2 }, do: { status: 404 } });
    expect((await getImageLimits(cloud.client)).size).toBeUndefined();
    expect(await listStores(cloud.client)).toEqual([]);
    expect(await listStores(cloud.client)).toMatchObject([{ id: 'file', default: true }]);
  });

  test.each([
    ['id', '../x', 'id is not an id'],
    ['os_hash_value', 'zz', 'os_hash_value is not hexadecimal'],
    ['size', -1, 'size is negative'],
    ['tags', [1], 'tags is not a list of strings'],
  ])('whose %s is %j is refused', async (key, value, words) => {
    await using cloud = await open();
    const { body } = await raw(cloud.client, await queued(cloud.client));
    expect(() => getImage(answering({ ...body, [key]: value }), 'x')).toThrow(words);
  });
});

test('what names other things or belongs to Glance is not replayed', () => {
  const own = { os_distro: 'debian', hw_disk_bus: 'scsi', img_signature: 's', 'owner_specified.x': '1' };
  const theirs = {
    os_glance_importing_to_stores: '',
    owner_id: 'x',
    instance_uuid: 'x',
    cinder_encryption_key_id: 'x',
    cinder_encryption_key_deletion_policy: 'on_image_deletion',
    block_device_mapping: '[]',
  };
  expect(replayable({ ...own, ...theirs })).toEqual({ properties: own, dropped: Object.keys(theirs) });
  const { img_signature: _signature, ...others } = own;
  expect(replayable(own, false)).toEqual({ properties: others, dropped: ['img_signature'] });
});

describe('an upload', () => {
  test.each([BYTES.length, undefined])('of %s bytes is stored as it is', async (size) => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    await uploadImage(cloud.client, id, pieces(), size);
    expect(cloud.stored(id)?.data?.read(0, BYTES.length).equals(BYTES)).toBe(true);
    expect(await getImage(cloud.client, id)).toMatchObject({ status: 'active', size: BYTES.length });
  });

  test('to an image that has data says so, and lets go of the source', async () => {
    await using cloud = await open();
    const { id } = await cloud.cloud.seed.addImage(SparseBytes.from(Buffer.from('data')));
    const data = pieces();
    await expect(uploadImage(cloud.client, id, data, BYTES.length)).rejects.toThrow(
      'HTTP 409: Image status transition from active to saving is not allowed',
    );
    expect(data.destroyed).toBe(true);
  });

  test('of a source that fails throws the error of the source', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    const bad = Readable.from(
      (function* () {
        yield BYTES;
        throw new Error('the payload is damaged');
      })(),
    );
    await expect(uploadImage(cloud.client, id, bad, BYTES.length * 2)).rejects.toThrow(
      /^the payload is damaged$/,
    );
    while (cloud.stored(id)?.status !== 'queued') await systemClock.sleep(5);
  });

  test.each([
    [BYTES.length - 1, 'more arrived'],
    [BYTES.length + 1, `only ${BYTES.length} arrived`],
  ])('that should have %i bytes is not stored when %s', async (size, words) => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    await expect(uploadImage(cloud.client, id, pieces(), size)).rejects.toThrow(words);
    expect(cloud.stored(id)?.data).toBeNull();
  });

  test('whose answer was lost is looked for, not sent again', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    cloud.cloud.faults.add({ when: { method: 'PUT', path: '/file' }, do: 'lost-response' });
    await uploadImage(cloud.client, id, pieces(), BYTES.length);
    expect((await getImage(cloud.client, id)).status).toBe('active');
    expect(cloud.asked(`/image/v2/images/${id}/file`)).toHaveLength(1);
  });

  test('that never arrived tells what became of the image', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    cloud.cloud.faults.add({ when: { method: 'PUT', path: '/file' }, do: 'connection-reset' });
    await expect(uploadImage(cloud.client, id, pieces(), BYTES.length)).rejects.toThrow(
      /no answer: .*; the image is queued/,
    );
    expect(cloud.asked(`/image/v2/images/${id}/file`)).toHaveLength(1);
  });
});

/** Refuses every upload after a millisecond and resets the connection, on a thread of its own: writer and reader race. */
const HASTY = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const answer = 'HTTP/1.1 413 Too Large\\r\\ncontent-length: 17\\r\\n\\r\\nthe quota is full';
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => {
      socket.pause();
      setTimeout(() => socket.write(answer, () => socket.resetAndDestroy()), 1);
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('an upload that is refused before it is read is told why, and not of a broken pipe', async () => {
  await using hasty = new Worker(HASTY, { eval: true });
  const port = await new Promise((resolve) => hasty.once('message', resolve));
  const endpoints = { image: `http://127.0.0.1:${port}` };
  await using cloud = await openEmbedded({}, { endpoints, clock: systemClock });
  const client = await cloud.session.service('image');
  for (let round = 0; round < 20; round += 1) {
    const endless = Readable.from(
      (function* () {
        for (;;) yield BYTES;
      })(),
    );
    await expect(uploadImage(client, randomUUID(), endless, undefined)).rejects.toThrow(
      /^cannot upload the data of image .*: HTTP 413: the quota is full$/,
    );
    expect(endless.destroyed).toBe(true);
  }
});

/** A client whose answers break at these offsets of the whole, one after the other, and then no more. As Glance does, it refuses a range that begins at the end. */
function breaking(bytes: Buffer, cuts: number[], asked: (string | undefined)[]): ServiceClient {
  const open: ServiceClient['open'] = async ({ headers }) => {
    const range = headers?.['range'];
    asked.push(range);
    const from = Number(/\d+/.exec(range ?? '0')?.[0]);
    if (from >= bytes.length)
      throw new CloudError({ doing: 'download', status: 416, words: 'no such range' });
    const cut = cuts.shift();
    const answer = async function* () {
      if (cut !== from) yield bytes.subarray(from, cut);
      if (cut !== undefined) throw new Error('the connection broke');
    };
    return {
      status: range === undefined ? 200 : 206,
      headers:
        range === undefined
          ? { 'content-length': String(bytes.length) }
          : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
      body: Readable.from(answer()),
    };
  };
  const clock = { now: () => 0, sleep: async () => undefined };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  return { open, session: { clock, log } } as unknown as ServiceClient;
}

describe('a download', () => {
  async function stored(options: EmbeddedCloudOptions = {}) {
    const cloud = await open(options);
    const { id } = await cloud.cloud.seed.addImage(SparseBytes.from(BYTES));
    const cut = (times: number) =>
      cloud.cloud.faults.add({ when: { method: 'GET', path: '/file', times }, do: 'cut-body' });
    return { ...cloud, cut, image: { id, size: BYTES.length } };
  }

  test('is the image, or its end', async () => {
    await using cloud = await stored();
    expect((await read(downloadImage(cloud.client, cloud.image))).equals(BYTES)).toBe(true);
    const end = await read(downloadImage(cloud.client, cloud.image, BYTES.length - 5));
    expect(end.equals(BYTES.subarray(-5))).toBe(true);
  });

  test('that breaks off goes on from where it was', async () => {
    await using cloud = await stored();
    const faults = cloud.cut(3);
    expect((await read(downloadImage(cloud.client, cloud.image))).equals(BYTES)).toBe(true);
    expect(faults.hits).toBe(3);
    const ranges = cloud.cloud.requests.map(({ headers }) => headers.range).filter((range) => range);
    expect(ranges).toHaveLength(3);
  });

  test('cut anywhere, and resumed up to four times, is the image', async () => {
    const bytes = Buffer.from('0123456789ab');
    const image = { id: randomUUID(), size: bytes.length };
    const all = Array.from({ length: bytes.length + 1 }, (_, at) => at);
    const cuts = [
      [],
      ...all.map((cut) => [cut]),
      ...all.flatMap((cut) => all.filter((next) => next >= cut).map((next) => [cut, next])),
      [0, 0, 0, 0],
      [0, 1, 11, 12],
      [3, 6, 9, 12],
      [12, 12, 12, 12],
    ];
    for (const from of [0, 1, 11])
      for (const ends of cuts.filter((some) => some.every((cut) => cut >= from))) {
        const asked: (string | undefined)[] = [];
        const got = await read(downloadImage(breaking(bytes, [...ends], asked), image, from));
        expect({ from, ends, got: got.toString() }).toEqual({
          from,
          ends,
          got: bytes.toString('utf8', from),
        });
        expect(asked[0]).toBe(from === 0 ? undefined : `bytes=${from}-`);
      }
  });

  test('that always breaks off is given up', async () => {
    await using cloud = await stored();
    const faults = cloud.cut(Number.POSITIVE_INFINITY);
    await expect(read(downloadImage(cloud.client, cloud.image))).rejects.toThrow(
      /broke off repeatedly, the last time after \d+ bytes/,
    );
    expect(faults.hits).toBe(5);
  });

  test('from a store without ranges says that it cannot be resumed', async () => {
    await using cloud = await stored({ capabilities: { range: false } });
    expect(await hasRanges(cloud.client, cloud.image)).toBe(false);
    cloud.cut(1);
    await expect(read(downloadImage(cloud.client, cloud.image))).rejects.toThrow(
      /cannot resume it: Getting images randomly from this store is not supported/,
    );
  });

  test.each([
    ['another image', 'bytes 150000-299999/400000'],
    ['another place', 'bytes 100000-299999/300000'],
  ])('goes on only with what belongs there, and not with bytes of %s', async (_, range) => {
    await using cloud = await stored();
    cloud.cut(1);
    cloud.cloud.faults.add({
      when: { method: 'GET', path: '/file', nth: 2 },
      do: { status: 206, headers: { 'content-range': range }, body: {} },
    });
    await expect(read(downloadImage(cloud.client, cloud.image))).rejects.toThrow(`it sends ${range}`);
  });

  test.each([12, undefined])('of %j bytes that begins again is not taken for the rest', async (size) => {
    const bytes = Buffer.from('0123456789ab');
    const { open, ...client } = breaking(bytes, [5], []);
    // A proxy that leaves the range out.
    const whole = async (call: Parameters<ServiceClient['open']>[0]) => open({ ...call, headers: {} });
    const given: Uint8Array[] = [];
    const reading = async () => {
      for await (const piece of downloadImage({ ...client, open: whole }, { id: randomUUID(), size }))
        given.push(piece);
    };
    await expect(reading()).rejects.toThrow('it sends all again');
    expect(Buffer.concat(given).toString()).toBe('01234');
  });

  /** A client whose answers do not say how long they are, and end well wherever they end. */
  function untold(answers: (from: number) => Buffer): ServiceClient {
    const { session } = breaking(Buffer.of(), [], []);
    const open: ServiceClient['open'] = async ({ headers }) => {
      const from = Number(/\d+/.exec(headers?.['range'] ?? '0')?.[0]);
      const range = { 'content-range': `bytes ${from}-11/12` };
      return {
        status: from === 0 ? 200 : 206,
        headers: from === 0 ? {} : range,
        body: Readable.from([answers(from)]),
      };
    };
    return { open, session } as unknown as ServiceClient;
  }

  test('that ends early, as if it were whole, goes on from where it was', async () => {
    const bytes = Buffer.from('0123456789ab');
    const client = untold((from) => bytes.subarray(from, from + 5));
    const whole = await read(downloadImage(client, { id: randomUUID(), size: bytes.length }));
    expect(whole.toString()).toBe('0123456789ab');
  });

  test('that gives more than the image has is refused, and no byte of that is given on', async () => {
    const client = untold(() => Buffer.alloc(13));
    const given: Uint8Array[] = [];
    const reading = async () => {
      for await (const piece of downloadImage(client, { id: randomUUID(), size: 12 })) given.push(piece);
    };
    await expect(reading()).rejects.toThrow('has 12 bytes, but the cloud sends more');
    expect(given).toEqual([]);
  });

  test('of another size than Glance says is refused before its first byte', async () => {
    await using cloud = await stored();
    const other = { ...cloud.image, size: BYTES.length - 1 };
    await expect(read(downloadImage(cloud.client, other))).rejects.toThrow(
      'has 299999 bytes, but the cloud sends 300000',
    );
  });

  test('of an image without data is empty', async () => {
    await using cloud = await open();
    const id = await queued(cloud.client);
    expect(await read(downloadImage(cloud.client, { id, size: undefined }))).toHaveLength(0);
    expect(await hasRanges(cloud.client, { id, size: undefined })).toBe(false);
    await expect(read(downloadImage(cloud.client, { id, size: 7 }))).rejects.toThrow(
      'has 7 bytes, but the cloud sends none',
    );
  });

  test('can ask for parts where the store can', async () => {
    await using cloud = await stored();
    expect(await hasRanges(cloud.client, cloud.image)).toBe(true);
    await expect(hasRanges(cloud.client, { id: randomUUID(), size: 1 })).rejects.toMatchObject({
      status: 404,
    });
  });
});
