import { describe, expect, test } from '@jest/globals';
import {
  attachVolume,
  detachVolume,
  listAttachments,
} from '../../../src/openstack/compute/v2/attachments.ts';
import { novaGaveUp } from '../../../src/openstack/compute/v2/failure.ts';
import { getFlavor, listFlavors } from '../../../src/openstack/compute/v2/flavors.ts';
import {
  createServer,
  createServerImage,
  deleteServer,
  getServer,
  listServers,
  startServer,
  stopServer,
  watchServers,
} from '../../../src/openstack/compute/v2/servers.ts';
import { getImage, watchImages } from '../../../src/openstack/image/v2/images.ts';
import { collect } from '../../../src/pool.ts';
import { type EmbeddedCloudOptions, SparseBytes } from '../../fakes/cloud/index.ts';
import { type OpenCloud, openEmbedded } from '../../support/embedded.ts';

async function open(options: EmbeddedCloudOptions = {}) {
  const opened = await openEmbedded(options);
  const client = await opened.session.service('compute');
  const wait = { deadline: Number.POSITIVE_INFINITY };
  const until = (id: string, status: string) =>
    watchServers(client).until(
      id,
      (server) => (server.status === status ? { done: server } : undefined),
      wait,
    );
  return { ...opened, client, wait, until };
}

/** The body of the last request of that kind. */
function sent({ cloud }: OpenCloud, path: string): unknown {
  return cloud.requests.findLast((request) => request.method === 'POST' && request.path.endsWith(path))?.body;
}

const disk = (uuid: string, tag?: string) =>
  ({ source: 'volume', uuid, destination: 'volume', bootIndex: 0, tag, deleteOnTermination: false }) as const;

describe('a server', () => {
  test('from a volume is made, read, listed, stopped, started and deleted', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ bootable: true });
    const id = await createServer(cloud.client, {
      name: 'web',
      flavorId: '1',
      blockDevices: [disk(volume.id)],
      networks: 'none',
      metadata: { role: 'web' },
    });
    const server = await cloud.until(id, 'ACTIVE');
    expect(server).toMatchObject({
      id,
      name: 'web',
      imageId: undefined,
      flavor: { name: 'tiny', ram: 64, vcpus: 1, disk: 1 },
      volumes: [{ id: volume.id, deleteOnTermination: false }],
      metadata: { role: 'web' },
      taskState: undefined,
    });
    expect((await collect(listServers(cloud.client))).map((one) => one.id)).toEqual([id]);
    await stopServer(cloud.client, id);
    await cloud.until(id, 'SHUTOFF');
    await startServer(cloud.client, id);
    await cloud.until(id, 'ACTIVE');
    await deleteServer(cloud.client, id);
    await watchServers(cloud.client).gone(id, () => undefined, cloud.wait);
    await deleteServer(cloud.client, id);
    await expect(getServer(cloud.client, id)).rejects.toMatchObject({ status: 404 });
  });

  test.each([
    ['2.100', { networks: 'none', tags: ['t'], description: 'd', hostname: 'h' }, 'root'],
    ['2.51', { networks: 'none', description: 'd' }, 'root'],
    ['2.41', { networks: 'none', description: 'd' }, undefined],
    ['2.36', { description: 'd' }, undefined],
    ['2.1', {}, undefined],
  ])('is asked for with what Nova %s knows', async (novaMax, known, tag) => {
    await using cloud = await open({ novaMax });
    const volume = cloud.cloud.seed.addVolume({ bootable: true });
    await createServer(cloud.client, {
      name: 'web',
      flavorId: '1',
      blockDevices: [disk(volume.id, 'root')],
      networks: 'none',
      tags: ['t'],
      description: 'd',
      hostname: 'h',
    }).catch(() => undefined);
    const { server } = sent(cloud, '/servers') as { server: { block_device_mapping_v2: { tag?: string }[] } };
    const { block_device_mapping_v2: disks, ...asked } = server;
    expect(asked).toEqual({ name: 'web', flavorRef: '1', ...known });
    expect(disks.map((one) => one.tag)).toEqual([tag]);
  });

  test('has volumes attached and detached', async () => {
    await using cloud = await open();
    const { id } = cloud.cloud.seed.addServer({ volumes: [cloud.cloud.seed.addVolume({ bootable: true })] });
    const data = cloud.cloud.seed.addVolume({ type: 'luks' });
    await attachVolume(cloud.client, id, { id: data.id, tag: 'data', deleteOnTermination: true });
    await cloud.cloud.ticks.settle();
    const attached = await listAttachments(cloud.client, id);
    expect(attached.map(({ volumeId }) => volumeId)).toContain(data.id);
    expect(sent(cloud, '/os-volume_attachments')).toEqual({
      volumeAttachment: { volumeId: data.id, tag: 'data', delete_on_termination: true },
    });
    await detachVolume(cloud.client, id, data.id);
    await cloud.cloud.ticks.settle();
    expect(cloud.cloud.state.volumes.get(data.id)?.status).toBe('available');
  });

  test.each(['2.100', '2.44'])('is made an image of, by Nova %s', async (novaMax) => {
    await using cloud = await open({ novaMax });
    const image = await cloud.cloud.seed.addImage(SparseBytes.from(Buffer.from('root disk')));
    const { id } = cloud.cloud.seed.addServer({ image });
    const imageId = await createServerImage(cloud.client, id, { name: 'saved', metadata: { a: 'b' } });
    const glance = await cloud.session.service('image');
    const saved = await watchImages(glance).until(
      imageId,
      (one) => (one.status === 'active' ? { done: one } : undefined),
      cloud.wait,
    );
    expect(saved).toMatchObject({ name: 'saved', properties: { a: 'b', image_type: 'snapshot' } });
    expect(await getImage(glance, imageId)).toMatchObject({ size: 'root disk'.length });
  });

  test('that is not made an image of says what the cloud says', async () => {
    await using cloud = await open();
    const image = await cloud.cloud.seed.addImage(SparseBytes.from(Buffer.from('root disk')));
    const { id } = cloud.cloud.seed.addServer({ image });
    cloud.cloud.faults.add({
      when: { method: 'POST', path: '/action' },
      do: { failLater: 'Unable to quiesce the guest' },
    });
    await createServerImage(cloud.client, id, { name: 'saved' });
    await cloud.cloud.ticks.settle();
    const error = await novaGaveUp(cloud.client, `the image of server ${id} failed`, id, 'createImage');
    expect(error.message).toMatch(/failed: .*Unable to quiesce the guest.* \(request req-/);
    const silent = await novaGaveUp(cloud.client, 'it failed', 'nowhere', 'create');
    expect(silent.message).toBe('it failed: the cloud gives no reason');
  });
});

test('flavors are read', async () => {
  await using cloud = await open();
  const [first] = await collect(listFlavors(cloud.client));
  expect(first).toMatchObject({ ram: expect.any(Number), swap: 0, ephemeral: 0 });
  expect(await getFlavor(cloud.client, first?.id ?? '')).toEqual(first);
});
