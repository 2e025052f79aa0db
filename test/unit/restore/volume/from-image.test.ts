import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import type { SavedEncryption, VolumeImagePoint } from '../../../../src/manifest/schema.ts';
import { uploadToImage } from '../../../../src/openstack/blockstorage/v3/upload.ts';
import { watchVolumes } from '../../../../src/openstack/blockstorage/v3/volumes.ts';
import { payloadStore } from '../../../../src/payload/store.ts';
import { restoreFromImage } from '../../../../src/restore/volume/from-image.ts';
import { type FromImagePlan, planFromImage } from '../../../../src/restore/volume/plan-from-image.ts';
import type { Place } from '../../../../src/store/place.ts';
import { once } from '../../../../src/stream/chunks.ts';
import { readTemporary } from '../../../../src/temporaries/tags.ts';
import { type Image, SparseBytes } from '../../../fakes/cloud/index.ts';
import { openEmbedded } from '../../../support/embedded.ts';
import { encryptedWith, manifestWith, volumeImagePoint } from '../../../support/points.ts';
import { waitFor } from '../../../support/wait.ts';

// Each works with a cloud of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const sha = (bytes: Uint8Array, name = 'sha256') => createHash(name).update(bytes).digest('hex');
function payloadOf({ payload }: VolumeImagePoint) {
  if (payload === null) throw new Error('there is no payload');
  return payload;
}

const wishes = { name: undefined, type: undefined, availabilityZone: undefined };

async function open() {
  // The image of an encrypted GiB has no more bytes: real ones count in real GiB.
  const opened = await openEmbedded({ tickMs: 2, capabilities: { luksHeaderInside: true } });
  const { cloud, session, environment } = opened;
  const client = await session.service('block-storage');
  const typeId = (name: string) => [...cloud.state.types.values()].find((type) => type.name === name)?.id;
  const { id, name } = session.scope.project;
  const manifestOf = (point: VolumeImagePoint) => {
    const manifest = manifestWith(point);
    return { ...manifest, cloud: { ...manifest.cloud, project: { id, name, domain: 'Default' } } };
  };
  const pointOf = (type: string, ...more: [SavedEncryption | null, null] | []) => {
    const point = volumeImagePoint({ name: 'db', size: 1, volumeType: type }, ...more);
    const resource = { ...point.resource, type: { id: typeId(type) ?? null, name: type } };
    return { ...point, resource };
  };

  /** Data that is in a store, as it is: neither packed nor sealed. */
  const inStore = (bytes: Buffer, stored = bytes) => {
    const point = pointOf('standard');
    const payload = {
      ...payloadOf(point),
      size: bytes.length,
      sha256: sha(bytes),
      stored: { size: bytes.length, sha256: sha(bytes) },
      compression: 'none' as const,
      sealed: false,
    };
    const get = async () => ({ size: stored.length, bytes: once(stored) });
    const image = {
      ...point.image,
      size: bytes.length,
      checksum: sha(bytes, 'md5'),
      hash: { algorithm: 'sha512', value: sha(bytes, 'sha512') },
    };
    const saved = { ...point, payload, image };
    return { point: saved, store: payloadStore({ get } as unknown as Place, {}) };
  };

  /** Data that stayed in the cloud. */
  const kept = (image: Image, type: string, encryption: SavedEncryption | null = null) => {
    const point = pointOf(type, encryption, null);
    const keyId = image.properties['cinder_encryption_key_id'] ?? null;
    const saved = {
      ...point.image,
      id: image.id,
      size: image.data?.size ?? 0,
      checksum: image.checksum ?? '',
      hash: { algorithm: 'sha512', value: image.hashValue ?? '' },
      keyId,
    };
    return { ...point, image: saved };
  };
  const keptPlain = async () => {
    const bytes = new SparseBytes(1 << 20);
    bytes.write(5000, randomBytes(10_000));
    return kept(await cloud.seed.addImage(bytes), 'standard');
  };
  const keptLuks = async () => {
    const volume = cloud.seed.addVolume({ type: 'luks', bytes: randomBytes(10_000) });
    const imageId = await uploadToImage(client, volume.id, 'i');
    const image = () => cloud.state.images.get(imageId);
    await waitFor('the image', async () => image()?.status === 'active');
    await waitFor('the volume', async () => volume.status === 'available');
    cloud.seed.removeVolume(volume);
    return kept(image() as Image, 'luks', encryptedWith(undefined));
  };
  const plan = (
    point: VolumeImagePoint,
    more: Partial<Record<keyof typeof wishes, string>> = {},
    store: Parameters<typeof planFromImage>[4] = undefined,
  ) => planFromImage(session, manifestOf(point), point, { ...wishes, ...more }, store);
  const restore = (planned: FromImagePlan, store: Parameters<typeof restoreFromImage>[2] = undefined) =>
    restoreFromImage(environment, planned, store, watchVolumes(client), () => undefined);
  const volumes = () => [...cloud.state.volumes.values()];
  const writes = () => cloud.requests.filter(({ method }) => method !== 'GET').length;
  const settled = () => cloud.ticks.settle();
  return { ...opened, inStore, keptPlain, keptLuks, plan, restore, volumes, writes, settled, manifestOf };
}

describe('the plan of a volume from an image', () => {
  test('of a payload: its own type, the size of the volume, and a place for the image', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const plan = await cloud.plan(point, {}, store);
    expect(plan).toMatchObject({
      name: 'db',
      size: 1,
      typeIsProven: true,
      type: { name: 'standard' },
      missing: [],
    });
    expect(plan.source).toMatchObject({ kind: 'payload', luks: undefined, key: undefined });
    const told = plan.quota.map((line) => line.told);
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^1 of \d+ volumes$/),
        expect.stringMatching(/^1 of \d+ GB/),
      ]),
    );
    expect(cloud.writes()).toBe(1);
  });

  test('tells that a volume becomes larger than it was', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const image = { ...point.image, size: 2 ** 30 + 1 };
    const plan = await cloud.plan({ ...point, image }, { name: 'other' }, store);
    expect(plan).toMatchObject({
      name: 'other',
      size: 2,
      missing: [expect.stringMatching(/^its size of 1 GiB/)],
    });
  });

  test('asks a volume of a type that nothing tells of, and has room for that one too', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const plan = await cloud.plan(point, { type: 'luks-other' }, store);
    expect(plan.typeIsProven).toBe(false);
    expect(plan.quota.map(({ told }) => told)).toContainEqual(expect.stringMatching(/^2 of \d+ volumes$/));
  });

  test('refuses plain data for a type that is known to be encrypted', async () => {
    await using cloud = await open();
    cloud.cloud.seed.addVolume({ type: 'luks' });
    const { point, store } = cloud.inStore(randomBytes(3000));
    await expect(cloud.plan(point, { type: 'luks' }, store)).rejects.toMatchObject({
      message: 'volume type luks is encrypted, but the data is not',
      exitCode: 2,
    });
  });

  test('takes a recorded zone of another project only where it is there, and a wished one never else', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const away = { ...point, resource: { ...point.resource, availabilityZone: 'mars' } };
    const elsewhere = { ...cloud.manifestOf(away), cloud: manifestWith(away).cloud };
    const planned = await planFromImage(cloud.session, elsewhere, away, wishes, store);
    expect([planned.availabilityZone, planned.missing]).toEqual([
      undefined,
      [expect.stringContaining('"mars"')],
    ]);
    expect((await cloud.plan(away, {}, store)).availabilityZone).toBe('mars');
    await expect(cloud.plan(point, { availabilityZone: 'moon' }, store)).rejects.toThrow(
      /no availability zone "moon"/,
    );
  });

  test('refuses more than the quota has', async () => {
    await using cloud = await open();
    for (const project of cloud.cloud.state.projects.values()) project.quota.volumes = 0;
    await expect(cloud.plan(await cloud.keptPlain())).rejects.toThrow(/volume/);
  });
});

describe('a volume from an image', () => {
  test('that stayed has its bytes; the image is only read, and the volume says that it is not handed over', async () => {
    await using cloud = await open();
    const point = await cloud.keptPlain();
    const image = cloud.cloud.state.images.get(point.image.id);
    const before = JSON.stringify({ ...image, data: undefined });
    const { volume, unseen } = await cloud.restore(await cloud.plan(point));
    expect(unseen).toEqual([]);
    const [made] = cloud.volumes();
    expect(sha(made?.data.read(0, 1 << 20) ?? Buffer.alloc(0))).toBe(
      sha(image?.data?.read(0, 1 << 20) ?? Buffer.alloc(1)),
    );
    expect(made?.name).toBe('db (restore not finished)');
    expect(readTemporary(volume)).toMatchObject({ purpose: 'result', id: made?.id });
    expect(JSON.stringify({ ...image, data: undefined })).toBe(before);
  });

  test('of a payload has its bytes, and nothing else is left', async () => {
    await using cloud = await open();
    const bytes = randomBytes(70_000);
    const { point, store } = cloud.inStore(bytes);
    await cloud.restore(await cloud.plan(point, {}, store), store);
    await cloud.settled();
    expect(cloud.volumes().map(({ data }) => sha(data.read(0, bytes.length)))).toEqual([sha(bytes)]);
    expect([cloud.cloud.state.images.size, cloud.cloud.state.secrets.size]).toEqual([0, 0]);
  });

  test('of a payload that was altered is not made, and nothing is left', async () => {
    await using cloud = await open();
    const bytes = randomBytes(70_000);
    const altered = Buffer.from(bytes);
    altered.writeUInt8(altered.readUInt8(60_000) ^ 1, 60_000);
    const { point, store } = cloud.inStore(bytes, altered);
    await expect(cloud.restore(await cloud.plan(point, {}, store), store)).rejects.toThrow(
      /is damaged: its SHA-256/,
    );
    await cloud.settled();
    expect([cloud.volumes(), cloud.cloud.state.images.size]).toEqual([[], 0]);
    // Glance never had all of it: it would have stored what has the right size.
    const uploads = cloud.cloud.requests.filter(
      ({ method, path }) => method === 'PUT' && path.endsWith('/file'),
    );
    expect(uploads.map(({ status }) => status)).toEqual([undefined]);
  });

  test('that the cloud gives up is told with its reason, and goes with the image that was made for it', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const plan = await cloud.plan(point, {}, store);
    cloud.cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: { failLater: 'no space' } });
    await expect(cloud.restore(plan, store)).rejects.toThrow(/could not be made from image/);
    await cloud.settled();
    expect([cloud.volumes(), cloud.cloud.state.images.size]).toEqual([[], 0]);
  });

  test('whose request has no answer is made once', async () => {
    await using cloud = await open();
    const plan = await cloud.plan(await cloud.keptPlain());
    cloud.cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: 'lost-response' });
    const { volume } = await cloud.restore(plan);
    expect(cloud.volumes().map(({ id }) => id)).toEqual([volume.id]);
  });

  test('of encrypted data has a clone of its key, which opens it', async () => {
    await using cloud = await open();
    const point = await cloud.keptLuks();
    const { volume, unseen } = await cloud.restore(await cloud.plan(point));
    expect([volume.encrypted, unseen]).toEqual([true, []]);
    const { secrets, images } = cloud.cloud.state;
    const keyId = volume.encryptionKeyId ?? '';
    expect(keyId).not.toBe(point.image.keyId);
    expect(secrets.get(keyId)?.payload).toEqual(secrets.get(point.image.keyId ?? '')?.payload);
    expect(images.has(point.image.id)).toBe(true);
  });

  test('that got another key than its data needs is removed again', async () => {
    await using cloud = await open();
    const plan = await cloud.plan(await cloud.keptLuks());
    if (plan.source.key === undefined) throw new Error('there is no key');
    const source = { ...plan.source, key: { ...plan.source.key, bytes: randomBytes(32) } };
    await expect(cloud.restore({ ...plan, source } as FromImagePlan)).rejects.toThrow(
      /another key than its data needs/,
    );
    await cloud.settled();
    expect(cloud.volumes()).toEqual([]);
  });

  test('whose key cannot be read stays, and is said not to be seen', async () => {
    await using cloud = await open();
    const plan = await cloud.plan(await cloud.keptLuks());
    const when = { method: 'GET', path: /\/payload$/, times: Number.POSITIVE_INFINITY } as const;
    cloud.cloud.faults.add({ when, do: { status: 403 } });
    const { volume, unseen } = await cloud.restore(plan);
    expect(unseen).toEqual([
      expect.stringMatching(/^whether its encryption and its key match its data: .*HTTP 403/),
    ]);
    expect(cloud.volumes().map(({ id }) => id)).toEqual([volume.id]);
  });

  test('of a type that turns out to be encrypted is refused before anything is uploaded', async () => {
    await using cloud = await open();
    const { point, store } = cloud.inStore(randomBytes(3000));
    const plan = await cloud.plan(point, { type: 'luks-other' }, store);
    await expect(cloud.restore(plan, store)).rejects.toThrow(/luks-other is encrypted, but the data is not/);
    await cloud.settled();
    expect([cloud.volumes(), cloud.cloud.state.images.size]).toEqual([[], 0]);
    expect(cloud.asked('/image/').filter((line) => !line.startsWith('GET '))).toEqual([]);
  });
});
