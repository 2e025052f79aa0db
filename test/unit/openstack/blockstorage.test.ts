import { describe, expect, test } from '@jest/globals';
import { createBackup, getBackup, watchBackups } from '../../../src/openstack/blockstorage/v3/backups.ts';
import {
  createSnapshot,
  deleteSnapshot,
  listSnapshots,
  watchSnapshots,
} from '../../../src/openstack/blockstorage/v3/snapshots.ts';
import { uploadToImage } from '../../../src/openstack/blockstorage/v3/upload.ts';
import { createVolume, watchVolumes } from '../../../src/openstack/blockstorage/v3/volumes.ts';
import { watchImages } from '../../../src/openstack/image/v2/images.ts';
import { collect } from '../../../src/pool.ts';
import type { EmbeddedCloudOptions } from '../../fakes/cloud/index.ts';
import { openEmbedded } from '../../support/embedded.ts';

const wait = { deadline: Number.POSITIVE_INFINITY };

/** A judge for one status. */
function is<T extends { readonly status: string }>(status: string): (item: T) => { done: T } | undefined {
  return (item) => {
    if (item.status.startsWith('error')) throw new Error(`it is ${item.status}`);
    return item.status === status ? { done: item } : undefined;
  };
}

async function open(options: EmbeddedCloudOptions = {}) {
  const opened = await openEmbedded(options);
  return { ...opened, client: await opened.session.service('block-storage') };
}

describe('a snapshot', () => {
  test.each([
    ['3.71', undefined],
    ['3.65', true],
  ])('of a volume in use, Cinder %s, is made, backed up, listed and deleted', async (cinderMax, force) => {
    await using cloud = await open({ cinderMax });
    const volume = cloud.cloud.seed.addVolume();
    cloud.cloud.seed.addServer({ volumes: [volume] });
    const made = await createSnapshot(cloud.client, {
      volumeId: volume.id,
      name: 'db',
      description: 'a record',
      metadata: { a: 'b' },
      force: true,
    });
    const body = cloud.cloud.requests.findLast(({ path }) => path.endsWith('/snapshots'))?.body;
    expect((body as { snapshot: { force?: boolean } }).snapshot.force).toBe(force);
    const snapshots = watchSnapshots(cloud.client);
    expect(await snapshots.until(made.id, is('available'), wait)).toMatchObject({
      name: 'db',
      description: 'a record',
      volumeId: volume.id,
      size: 1,
      metadata: { a: 'b' },
    });
    const backup = await createBackup(cloud.client, {
      volumeId: volume.id,
      snapshotId: made.id,
      name: 'db',
      incremental: false,
      force: false,
    });
    await watchBackups(cloud.client).until(backup, is('available'), wait);
    expect(await getBackup(cloud.client, backup)).toMatchObject({ snapshotId: made.id, volumeId: volume.id });
    expect(await collect(listSnapshots(cloud.client, { volumeId: volume.id }))).toHaveLength(1);
    await deleteSnapshot(cloud.client, made.id);
    await snapshots.gone(made.id, () => undefined, wait);
    await deleteSnapshot(cloud.client, made.id);
    expect(await collect(listSnapshots(cloud.client))).toEqual([]);
  });
});

describe('a volume', () => {
  test.each(['standard', 'luks'])('of type %s becomes an image, and a volume again', async (type) => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ type, bytes: Buffer.from('the data') });
    const imageId = await uploadToImage(cloud.client, volume.id, 'saved');
    const image = await watchImages(await cloud.session.service('image')).until(imageId, is('active'), wait);
    expect(image.diskFormat).toBe('raw');
    expect('cinder_encryption_key_id' in image.properties).toBe(type === 'luks');
    const made = await createVolume(cloud.client, { size: 2, volumeType: type, imageId });
    const volumes = watchVolumes(cloud.client);
    const again = await volumes.until(made.id, is('available'), wait);
    expect(again).toMatchObject({ size: 2, encrypted: type === 'luks', bootable: true });
    const stored = cloud.cloud.state.volumes.get(made.id);
    if (stored === undefined) throw new Error('it is gone');
    expect(cloud.cloud.readPlain(stored, 0, 8).toString()).toBe('the data');
  });

  test('whose upload fails has no image, and is available again', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume();
    cloud.cloud.faults.add({
      when: { method: 'POST', path: '/action' },
      do: { failLater: 'the store is full' },
    });
    const imageId = await uploadToImage(cloud.client, volume.id, 'saved');
    const images = watchImages(await cloud.session.service('image'));
    await expect(images.until(imageId, is('active'), wait)).rejects.toMatchObject({ status: 404 });
    await watchVolumes(cloud.client).until(volume.id, is('available'), wait);
    expect(cloud.cloud.state.images.size).toBe(0);
  });
});
