import { afterEach, describe, expect, test } from '@jest/globals';
import type { EmbeddedCloudOptions, Volume } from '../../fakes/cloud/index.ts';
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

async function backUp(volume: Volume, fields: object = {}): Promise<string> {
  const { body, status } = await client.cinder('POST', '/backups', {
    backup: { volume_id: volume.id, ...fields },
  });
  expect(status).toBe(202);
  return String(body['backup']?.['id']);
}

async function done(volume: Volume, fields: object = {}): Promise<string> {
  const id = await backUp(volume, fields);
  await client.cloud.ticks.settle();
  return id;
}

const backupOf = (id: string) => client.cloud.state.backups.get(id);

describe('a restore that fails', () => {
  test('leaves the first half new and the second old, and keeps the metadata', async () => {
    const { cloud, cinder } = await start();
    const half = 2 * 1024 * 1024;
    const filled = (byte: number) => [0, half].map((at) => ({ at, bytes: Buffer.alloc(4096, byte) }));
    const source = cloud.seed.addVolume({ bytes: filled(1), metadata: { of: 'source' } });
    const target = cloud.seed.addVolume({ bytes: filled(2), metadata: { of: 'target' } });
    const id = await done(source);
    cloud.faults.add({ when: { path: '/restore' }, do: { failLater: 'a bad object' } });
    await cinder('POST', `/backups/${id}/restore`, { restore: { volume_id: target.id } });
    await cloud.ticks.settle();
    expect(target).toMatchObject({ status: 'error_restoring', metadata: { of: 'target' } });
    expect([0, half].map((at) => target.data.read(at, 1)[0])).toEqual([1, 2]);
    expect(backupOf(id)?.status).toBe('available');
  });
});

describe('chains', () => {
  test('the parent is the newest available backup; one in error does not count', async () => {
    const { cloud } = await start();
    const volume = cloud.seed.addVolume();
    const full = await done(volume);
    const second = await done(volume, { incremental: true });
    cloud.faults.add({ when: { path: '/backups' }, do: { failLater: 'disk full' } });
    const failed = await done(volume, { incremental: true });
    const third = await done(volume, { incremental: true });
    expect(backupOf(failed)).toMatchObject({ status: 'error', failReason: 'disk full' });
    expect([second, failed, third].map((id) => backupOf(id)?.parentId)).toEqual([full, second, second]);
    expect(volume.status).toBe('available');
  });

  test('without an available backup there is no increment, whatever lies in other projects', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    const { status, body } = await cinder('POST', '/backups', {
      backup: { volume_id: volume.id, incremental: true },
    });
    expect([status, body['badRequest']?.['message']]).toEqual([
      400,
      'Invalid backup: No backups available to do an incremental backup.',
    ]);
    expect(volume.status).toBe('available');
  });

  test('a snapshot takes the newest backup older than itself', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    const old = await done(volume);
    const made = await cinder('POST', '/snapshots', { snapshot: { volume_id: volume.id } });
    await cloud.ticks.settle();
    await done(volume, { incremental: true });
    const ofSnapshot = await backUp(volume, {
      incremental: true,
      snapshot_id: made.body['snapshot']?.['id'],
    });
    expect(volume.status).toBe('available');
    expect(cloud.state.snapshots.get(String(made.body['snapshot']?.['id']))?.status).toBe('backing-up');
    await cloud.ticks.settle();
    expect(backupOf(ofSnapshot)?.parentId).toBe(old);
  });

  test('a parent cannot be deleted, not even while its child is only being made', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    const full = await done(volume);
    const child = await backUp(volume, { incremental: true });
    const early = await cinder('GET', `/backups/${full}`);
    expect(early.body['backup']?.['has_dependent_backups']).toBe(false);
    expect((await cinder('DELETE', `/backups/${full}`)).status).toBe(400);
    await cloud.ticks.settle();
    const late = await cinder('GET', `/backups/${full}`);
    expect(late.body['backup']?.['has_dependent_backups']).toBe(true);
    expect((await cinder('DELETE', `/backups/${child}`)).status).toBe(202);
    await cloud.ticks.settle();
    expect((await cinder('DELETE', `/backups/${full}`)).status).toBe(202);
    await cloud.ticks.settle();
    expect(cloud.state.backups.size).toBe(0);
  });

  test('an increment after an extension fails only in the driver', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    await done(volume);
    await cinder('POST', `/volumes/${volume.id}/action`, { 'os-extend': { new_size: 2 } });
    await cloud.ticks.settle();
    const id = await done(volume, { incremental: true });
    expect(backupOf(id)?.failReason).toContain('Volume size increased since the last backup.');
    const { body } = await cinder('GET', `/messages?resource_uuid=${id}`);
    expect(body['messages']?.[0]?.['event_id']).toBe('VOLUME_VOLUME_BACKUP_013_020');
  });

  test('a cloud that forces full backups says so under the volume', async () => {
    const { cloud, cinder } = await start({ forcedFull: true });
    const volume = cloud.seed.addVolume();
    await done(volume);
    const id = await done(volume, { incremental: true });
    expect((await cinder('GET', `/backups/${id}`)).body['backup']?.['is_incremental']).toBe(false);
    const { body } = await cinder('GET', `/messages?resource_uuid=${volume.id}`);
    expect(body['messages']?.[0]).toMatchObject({
      event_id: 'VOLUME_VOLUME_013_030',
      message_level: 'WARNING',
    });
  });

  test('without a backup service the request is accepted and the backup fails', async () => {
    const { cloud } = await start({ noBackupService: true });
    const volume = cloud.seed.addVolume();
    const id = await done(volume);
    expect(backupOf(id)).toMatchObject({
      status: 'error',
      failReason: 'Service not found for creating backup.',
    });
    expect(volume.status).toBe('available');
  });

  test('an in-use volume needs force, and comes back in use', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume();
    cloud.seed.addServer({ volumes: [volume] });
    const refused = await cinder('POST', '/backups', { backup: { volume_id: volume.id } });
    expect(refused.body['badRequest']?.['message']).toBe(
      'Invalid volume: Backing up an in-use volume must use the force flag.',
    );
    await backUp(volume, { force: true });
    expect(volume.status).toBe('backing-up');
    await cloud.ticks.advance();
    const during = await cinder('GET', '/volumes/detail?consumes_quota=false');
    expect(during.body['volumes']).toEqual([
      expect.objectContaining({ name: `backup-vol-${volume.id}`, status: 'backing-up' }),
    ]);
    await cloud.ticks.settle();
    expect(volume.status).toBe('in-use');
    expect(cloud.state.volumes.size).toBe(1);
  });
});

describe('restores', () => {
  test('an encrypted backup gives its bytes, a key of its own, and drops the key that the volume had', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume({
      type: 'luks',
      metadata: { a: '1' },
      bytes: Buffer.from('precious'),
    });
    const target = cloud.seed.addVolume({ type: 'luks', name: 'target', metadata: { b: '2' } });
    const former = target.encryptionKeyId ?? '';
    const id = await done(volume);
    const { status } = await cinder('POST', `/backups/${id}/restore`, { restore: { volume_id: target.id } });
    expect([status, target.status, backupOf(id)?.status]).toEqual([202, 'restoring-backup', 'restoring']);
    await cloud.ticks.settle();
    expect(target).toMatchObject({
      status: 'available',
      name: 'target',
      metadata: { a: '1', src_backup_id: id },
    });
    expect(cloud.readPlain(target, 0, 8).toString()).toBe('precious');
    expect(cloud.state.secrets.has(former)).toBe(false);
    const keys = [volume.encryptionKeyId, target.encryptionKeyId, backupOf(id)?.encryptionKeyId];
    expect(new Set(keys).size).toBe(3);
    expect(keys.every((key) => cloud.state.secrets.has(key ?? ''))).toBe(true);
  });

  test('another type: error_restoring, the data overwritten, the backup well again', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks', bytes: Buffer.from('precious') });
    const target = cloud.seed.addVolume({ type: 'luks-other', bytes: Buffer.from('mine') });
    const id = await done(volume);
    await cinder('POST', `/backups/${id}/restore`, { restore: { volume_id: target.id } });
    await cloud.ticks.settle();
    expect(target.status).toBe('error_restoring');
    expect(target.data.equals(volume.data)).toBe(true);
    expect(backupOf(id)?.status).toBe('available');
    const { body } = await cinder('GET', `/messages?resource_uuid=${id}`);
    expect(body['messages']?.[0]?.['event_id']).toBe('VOLUME_VOLUME_BACKUP_015_026');
  });

  test('a plain backup over an encrypted type destroys its key without a word', async () => {
    const { cloud, cinder } = await start();
    const plain = cloud.seed.addVolume({ bytes: Buffer.from('in clear') });
    const target = cloud.seed.addVolume({ type: 'luks' });
    const former = target.encryptionKeyId ?? '';
    const id = await done(plain);
    await cinder('POST', `/backups/${id}/restore`, { restore: { volume_id: target.id } });
    await cloud.ticks.settle();
    expect(target).toMatchObject({ status: 'available', encryptionKeyId: null });
    expect(cloud.state.secrets.has(former)).toBe(false);
    expect(target.data.read(0, 8).toString()).toBe('in clear');
  });

  test('a token that dies meanwhile spoils an encrypted restore at its end, and leaves no message', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks' });
    const id = await done(volume);
    const fault = cloud.faults.add({ when: { method: 'POST', path: /restore$/ }, do: 'token-dies' });
    const target = cloud.seed.addVolume({ type: 'luks' });
    expect(
      (await cinder('POST', `/backups/${id}/restore`, { restore: { volume_id: target.id } })).status,
    ).toBe(202);
    expect((await cinder('GET', `/backups/${id}`)).status).toBe(401);
    await cloud.ticks.settle();
    expect([target.status, fault.hits]).toEqual(['error_restoring', 1]);
    const fresh = as(cloud, 'demo');
    expect((await fresh.cinder('GET', `/messages?resource_uuid=${id}`)).body['messages']).toEqual([]);
  });

  test('a bootable flag set by hand does not come back, one from an image does', async () => {
    const { cloud, cinder } = await start();
    const byHand = cloud.seed.addVolume({ bootable: true });
    const fromImage = cloud.seed.addVolume({ imageMetadata: { os_distro: 'debian' } });
    const bootable: string[] = [];
    for (const volume of [byHand, fromImage]) {
      const id = await done(volume);
      const { body } = await cinder('POST', '/volumes', { volume: { backup_id: id } });
      await cloud.ticks.settle();
      const view = await cinder('GET', `/volumes/${body['volume']?.['id']}`);
      bootable.push(String(view.body['volume']?.['bootable']));
    }
    expect(bootable).toEqual(['false', 'true']);
  });

  test('a Cinder before 3.47 ignores backup_id and makes an empty volume', async () => {
    const { cloud, cinder } = await start({ cinderMax: '3.43' });
    const volume = cloud.seed.addVolume({ bytes: Buffer.from('data') });
    const { body: made } = await cinder('POST', '/backups', { backup: { volume_id: volume.id } }, '3.43');
    await cloud.ticks.settle();
    const { status, body } = await cinder(
      'POST',
      '/volumes',
      { volume: { size: 1, backup_id: made['backup']?.['id'] } },
      '3.43',
    );
    await cloud.ticks.settle();
    expect(status).toBe(202);
    expect(cloud.state.volumes.get(String(body['volume']?.['id']))?.data.allocatedBytes).toBe(0);
  });
});

describe('keys', () => {
  test('without the role creator, Barbican says no in three different ways', async () => {
    const { cloud } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks' });
    const nokeys = as(cloud, 'nokeys');
    const created = await nokeys.cinder('POST', '/volumes', { volume: { size: 1, volume_type: 'luks' } });
    expect(created.body['badRequest']?.['message']).toBe('Key manager error');
    const upload = await nokeys.cinder('POST', `/volumes/${volume.id}/action`, {
      'os-volume_upload_image': { image_name: 'x' },
    });
    expect(upload.status).toBe(500);
    const backup = await nokeys.cinder('POST', '/backups', { backup: { volume_id: volume.id } });
    await cloud.ticks.settle();
    expect(backup.status).toBe(202);
    expect(backupOf(String(backup.body['backup']?.['id']))).toMatchObject({ status: 'error' });
    const secret = await nokeys.call(
      'POST',
      '/key-manager/v1/secrets',
      {},
      { 'Content-Type': 'application/json' },
    );
    expect(secret.body['description']).toBe(
      'Secret creation attempt not allowed - please review your user/project privileges',
    );
  });

  test('a refused upload leaks the clone that was made for it', async () => {
    const { cloud, cinder } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks', status: 'in-use' });
    const before = cloud.state.secrets.size;
    const refused = await cinder('POST', `/volumes/${volume.id}/action`, {
      'os-volume_upload_image': { image_name: 'x' },
    });
    expect([refused.status, cloud.state.secrets.size]).toEqual([400, before + 1]);
  });

  test('an uploaded image opens with its own key, and its deletion takes that key along', async () => {
    const { cloud, cinder, image } = await start();
    const volume = cloud.seed.addVolume({ type: 'luks', bytes: Buffer.from('secret') });
    const { body } = await cinder('POST', `/volumes/${volume.id}/action`, {
      'os-volume_upload_image': { image_name: 'x' },
    });
    await cloud.ticks.settle();
    const id = String(body['os-volume_upload_image']?.['image_id']);
    const row = cloud.state.images.get(id);
    const key = row?.properties['cinder_encryption_key_id'] ?? '';
    expect(row?.data?.equals(volume.data)).toBe(true);
    expect(row?.size).toBe(volume.data.size);
    const made = await cinder('POST', '/volumes', { volume: { size: 2, imageRef: id, volume_type: 'luks' } });
    await cloud.ticks.settle();
    const restored = cloud.state.volumes.get(String(made.body['volume']?.['id']));
    expect(restored === undefined ? '' : cloud.readPlain(restored, 0, 6).toString()).toBe('secret');
    expect((await image('DELETE', `/images/${id}`)).status).toBe(204);
    expect(cloud.state.secrets.has(key)).toBe(false);
  });
});

describe('quota', () => {
  test('is 413 with Retry-After 0, and increments count like full ones', async () => {
    const { cloud } = await start();
    const small = as(cloud, 'small');
    const volume = cloud.seed.addVolume({ user: 'small' });
    for (let count = 0; count < 10; count += 1) {
      const body = { backup: { volume_id: volume.id, incremental: count > 0 } };
      expect((await small.cinder('POST', '/backups', body)).status).toBe(202);
      await cloud.ticks.settle();
    }
    const over = await small.cinder('POST', '/backups', {
      backup: { volume_id: volume.id, incremental: true },
    });
    expect([over.status, over.headers.get('retry-after'), over.body['overLimit']]).toEqual([
      413,
      '0',
      {
        code: 413,
        message: 'BackupLimitExceeded: Maximum number of backups allowed (10) exceeded',
        retryAfter: '0',
      },
    ]);
    const { body } = await small.cinder('GET', '/limits');
    expect(body['limits']?.['absolute']).toMatchObject({
      totalBackupsUsed: 10,
      totalBackupGigabytesUsed: 10,
    });
  });
});
