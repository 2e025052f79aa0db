import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { getImage } from '../../../../src/openstack/image/v2/images.ts';
import { listMembers } from '../../../../src/openstack/image/v2/members.ts';
import { type ImageData, type ImageKey, makeImage } from '../../../../src/restore/image/create.ts';
import { finishImage } from '../../../../src/restore/image/finish.ts';
import { asRecorded, type RecordedImage } from '../../../../src/restore/image/recorded.ts';
import { imageData } from '../../../../src/restore/image/wrap.ts';
import { readTemporary, TEMPORARY_PROPERTY } from '../../../../src/temporaries/tags.ts';
import type { EmbeddedCloudOptions } from '../../../fakes/cloud/index.ts';
import { openEmbedded } from '../../../support/embedded.ts';
import { savedImage, savedSecret } from '../../../support/records.ts';

const RAW = { name: 'web', diskFormat: 'raw', containerFormat: 'bare' };
const bytes = randomBytes(3_000_000);
const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');

function data(fields: Partial<ImageData> = {}): ImageData {
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += 500_000) yield bytes.subarray(at, at + 500_000);
  };
  return { bytes: pieces(), size: bytes.length, digests: {}, ...fields };
}

const key = (): ImageKey => ({ saved: savedSecret({ name: '' }), bytes: randomBytes(32), sameProject: true });

async function open(options: EmbeddedCloudOptions = {}) {
  const opened = await openEmbedded(options);
  const { environment } = opened;
  const { state } = opened.cloud;
  return {
    ...opened,
    environment,
    glance: await opened.session.service('image'),
    /** Images and secrets that are there. */
    left: () => [...state.images.values(), ...state.secrets.values()].map(({ id }) => id),
  };
}

describe('bytes of which the manifest says two things', () => {
  const hash = { algorithm: 'sha512', value: digest('sha512') };
  const other = { algorithm: 'sha512', value: createHash('sha512').update('other').digest('hex') };
  const proved = { algorithm: 'sha256', value: digest('sha256') };
  const end = async (image: RecordedImage) => {
    for await (const _ of asRecorded(data().bytes, 'p', proved, image).bytes);
  };

  test.each<[string, Pick<RecordedImage, 'hash' | 'checksum'>, string]>([
    ['another hash', { hash: other, checksum: digest('md5') }, 'sha512'],
    ['another checksum', { hash, checksum: 'f'.repeat(32) }, 'md5'],
    ['a checksum alone', { hash: null, checksum: 'f'.repeat(32) }, 'md5'],
  ])('%s: the manifest is blamed', async (_, image, algorithm) => {
    await expect(end({ id: 'i', ...image })).rejects.toThrow(
      `the manifest contradicts itself: payload p is intact, but its ${algorithm} differs from that of image i`,
    );
  });

  test('its own digest once more: nothing else is measured, or known of the bytes', async () => {
    const image = { id: 'i', hash, checksum: 'f'.repeat(32) };
    const { bytes: flowing, digests } = asRecorded(data().bytes, 'p', hash, image);
    for await (const _ of flowing);
    expect(digests).toEqual({ sha512: digest('sha512') });
    await expect(
      (async () => {
        for await (const _ of asRecorded(data().bytes, 'p', hash, { ...image, hash: other }).bytes);
      })(),
    ).rejects.toThrow('its sha512 differs');
  });

  test('one thing, or hashes that nobody here can make, are taken', async () => {
    await expect(end({ id: 'i', hash, checksum: digest('md5') })).resolves.not.toThrow();
    const unknown = { algorithm: 'blake9', value: 'ff' };
    await expect(end({ id: 'i', hash: unknown, checksum: null })).resolves.not.toThrow();
  });

  test('leave no image, and the cloud is not blamed', async () => {
    await using cloud = await open();
    const recorded = asRecorded(data().bytes, 'p', proved, { id: 'i', hash: other, checksum: null });
    const making = makeImage(
      cloud.environment,
      RAW,
      imageData(recorded, bytes.length, false, undefined),
      key(),
      'result',
    );
    await expect(making).rejects.toThrow('the manifest contradicts itself');
    expect(cloud.left()).toEqual([]);
  });
});

describe('an image in the making', () => {
  test('is private, has a record, the bytes, and a key that goes with it', async () => {
    await using cloud = await open();
    let seen = 0;
    const onBytes = (count: number) => (seen += count);
    const wanted = { ...RAW, minDisk: 1, minRam: 64, properties: { os: 'linux' } };
    const made = await makeImage(cloud.environment, wanted, data({ onBytes }), key(), 'result');
    expect(made.image).toMatchObject({ name: 'web', status: 'active', visibility: 'private', minDisk: 1 });
    expect(made.image.hash).toEqual({ algorithm: 'sha512', value: digest('sha512') });
    expect(made.image.properties).toMatchObject({
      os: 'linux',
      cinder_encryption_key_id: made.secretId,
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
    });
    expect(readTemporary(made.image)).toMatchObject({ id: made.image.id, owner: 'host:m:b:n:1:1' });
    expect(seen).toBe(bytes.length);
    await made.remove();
    expect(cloud.left()).toEqual([]);
  });

  test.each([
    ['sha512', {}, {}],
    ['the sha512 that is known', { sha512: digest('sha512') }, {}],
    ['sha512, of all that is read back', {}, { capabilities: { imageHashes: false } }],
  ])('is compared by %s', async (_, digests, options) => {
    await using cloud = await open(options);
    const { image } = await makeImage(cloud.environment, RAW, data({ digests }), undefined, 'result');
    expect(image.size).toBe(bytes.length);
    const reads = cloud.asked('/image/').filter((line) => /GET .*\/file$/.test(line));
    expect(reads).toHaveLength('capabilities' in options ? 1 : 0);
  });

  const broken: [why: string, data: Partial<ImageData>, options: EmbeddedCloudOptions, said: RegExp][] = [
    [
      'other bytes than were known',
      { digests: { sha512: 'ab' } },
      {},
      /its sha512 differs from that of the uploaded bytes/,
    ],
    [
      'other bytes read back',
      { digests: { sha512: 'ab' } },
      { capabilities: { imageHashes: false } },
      /its sha512 differs from that of the uploaded bytes/,
    ],
    ['fewer bytes than announced', { size: bytes.length + 1 }, {}, /should have 3000001 bytes/],
    ['more bytes than announced', { size: bytes.length - 1 }, {}, /should have 2999999 bytes/],
    ['bytes that end in an error', { bytes: failing() }, {}, /the payload is damaged/],
    ['more than the cloud takes', {}, { imageSizeCap: 1000 }, /HTTP 413/],
  ];
  test.each(broken)('with %s is removed, and its key', async (_, fields, options, said) => {
    await using cloud = await open(options);
    await expect(makeImage(cloud.environment, RAW, data(fields), key(), 'result')).rejects.toThrow(said);
    expect(cloud.left()).toEqual([]);
  });

  test('whose key cannot be stored is not begun', async () => {
    await using cloud = await open();
    cloud.cloud.faults.add({ when: { method: 'POST', path: '/secrets' }, do: { status: 403 } });
    await expect(makeImage(cloud.environment, RAW, data(), key(), 'result')).rejects.toMatchObject({
      status: 403,
    });
    expect(cloud.left()).toEqual([]);
    expect(cloud.asked('/image/').filter((line) => line.startsWith('P'))).toEqual([]);
  });

  test('cannot take the id of another key, or the record of another run', async () => {
    await using cloud = await open();
    const properties = { cinder_encryption_key_id: 'x', [TEMPORARY_PROPERTY]: 'x' };
    const { image, secretId } = await makeImage(
      cloud.environment,
      { ...RAW, properties },
      data(),
      key(),
      'result',
    );
    expect(image.properties['cinder_encryption_key_id']).toBe(secretId);
    expect(readTemporary(image)?.id).toBe(image.id);
  });
});

async function* failing(): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 1000);
  throw new Error('the payload is damaged');
}

describe('an image that is settled', () => {
  const saved = savedImage({
    visibility: 'shared',
    protected: true,
    hidden: true,
    tags: ['a/b', 'c'],
    members: [
      { project: 'p1', status: 'accepted' },
      { project: 'p2', status: 'pending' },
    ],
  });
  const settled = async (cloud: Awaited<ReturnType<typeof open>>, fields: object, sameProject = true) => {
    const { image } = await makeImage(cloud.environment, RAW, data(), key(), 'result');
    const wish = { name: 'web', saved: { ...saved, ...fields }, sameProject };
    const { missing, undone } = await finishImage(cloud.environment, image, wish);
    return { image: await getImage(cloud.glance, image.id), missing, undone };
  };

  test('is what it was, and no temporary any more', async () => {
    await using cloud = await open();
    const { image, missing } = await settled(cloud, {});
    expect(image).toMatchObject({ visibility: 'shared', protected: true, hidden: true, tags: ['a/b', 'c'] });
    expect(readTemporary(image)).toBeUndefined();
    expect(await listMembers(cloud.glance, image.id)).toEqual([
      { projectId: 'p1', status: 'pending' },
      { projectId: 'p2', status: 'pending' },
    ]);
    expect(missing).toEqual([expect.stringMatching(/^project p1 had accepted it/)]);
  });

  test.each([null, 'on_image_deletion'])('keeps the policy of its key: %s', async (deletionPolicy) => {
    await using cloud = await open();
    const encryption = { deletionPolicy, key: { id: null, worth: 'cloud-only' } };
    const { image } = await settled(cloud, { encryption });
    expect(image.properties['cinder_encryption_key_deletion_policy']).toBe(deletionPolicy ?? undefined);
    expect(image.properties['cinder_encryption_key_id']).toBeDefined();
  });

  test('in another project is not shared with the old friends', async () => {
    await using cloud = await open();
    const { image, missing } = await settled(cloud, {}, false);
    expect(await listMembers(cloud.glance, image.id)).toEqual([]);
    expect(missing).toEqual(['the projects that it was shared with: p1, p2']);
  });

  test('stays private where the cloud refuses to publish it, and that is told', async () => {
    await using cloud = await open();
    const { image, missing } = await settled(cloud, { visibility: 'public', members: [] });
    expect(image.visibility).toBe('private');
    expect(missing).toEqual([expect.stringContaining('visibility public')]);
  });

  test('by a request without answer is settled once', async () => {
    await using cloud = await open();
    cloud.cloud.faults.add({
      when: {
        method: 'PATCH',
        path: '/images/',
        body: (changes) => JSON.stringify(changes).includes('protected'),
      },
      do: 'lost-response',
    });
    const { image, missing } = await settled(cloud, { members: [] });
    expect([image.protected, readTemporary(image), missing]).toEqual([true, undefined, []]);
  });

  test("whose tags are refused is the user's all the same, and that is told", async () => {
    await using cloud = await open();
    cloud.cloud.faults.add({
      when: {
        method: 'PATCH',
        path: '/images/',
        body: (changes) => JSON.stringify(changes).includes('/tags'),
      },
      do: { status: 409 },
    });
    const { image, undone } = await settled(cloud, { members: [] });
    expect([image.visibility, image.tags, readTemporary(image)]).toEqual(['shared', [], undefined]);
    expect(undone).toEqual([expect.stringMatching(/^its tags, .*HTTP 409/)]);
  });

  test('that nobody can compare is not said to be whole', async () => {
    await using cloud = await open();
    cloud.cloud.faults.add({
      when: { method: 'GET', path: /\/images\/[0-9a-f-]{36}$/, times: 100 },
      do: { status: 503 },
    });
    const { image, unseen } = await makeImage(cloud.environment, RAW, data(), undefined, 'result');
    expect(unseen).toMatchObject({ status: 503 });
    expect(cloud.left()).toEqual([image.id]);
  });
});
