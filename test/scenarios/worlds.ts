import { createHash, randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { listAttachments } from '../../src/openstack/compute/v2/attachments.ts';
import { getServer } from '../../src/openstack/compute/v2/servers.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import type { Scenario } from './steps.ts';

/** The worlds themselves: what other scenarios build on must be so on both clouds. */

const images: Scenario = {
  name: 'a world makes images, tells what is left, and removes protected ones too',
  async run(world) {
    const bytes = randomBytes(200_000);
    const id = await world.makeImage({
      name: 'made',
      bytes,
      properties: { 'a/b': 'c d', hw_disk_bus: 'scsi' },
      tags: ['two', 'one'],
      minDisk: 1,
      protected: true,
      visibility: 'private',
    });
    expect((await world.imageBytes(id)).equals(bytes)).toBe(true);
    expect(await world.imageDigest(id)).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await getImage(await (await world.session()).service('image'), id)).toMatchObject({
      name: 'made',
      status: 'active',
      size: bytes.length,
      minDisk: 1,
      protected: true,
      properties: { 'a/b': 'c d', hw_disk_bus: 'scsi' },
    });
    const foreign = await world.makeImage({ name: 'foreign', bytes: Buffer.from('of small'), user: 'small' });
    expect(await world.leftBehind()).toEqual({ images: [id] });
    expect(await world.leftBehind('small')).toEqual({ images: [foreign] });
    await world.removeImage(id);
    expect(await world.leftBehind()).toEqual({});
  },
};

const secrets: Scenario = {
  name: 'a world makes secrets byte by byte, with attributes, metadata and ACL',
  async run(world) {
    const text = await world.makeSecret({
      name: 'words',
      payload: Buffer.from(' a passphrase with its new line\n'),
      secretType: 'passphrase',
      contentType: 'text/plain',
      metadata: { used: 'here' },
      acl: { users: [(await world.session('small')).scope.user.id], projectAccess: false },
    });
    const key = randomBytes(32);
    const binary = await world.makeSecret({
      payload: key,
      secretType: 'symmetric',
      contentType: 'application/octet-stream',
      algorithm: 'aes',
      bitLength: 256,
      mode: 'xts',
      user: 'small',
    });
    expect((await world.secretBytes(text)).toString()).toBe(' a passphrase with its new line\n');
    expect((await world.secretBytes(binary, 'small')).equals(key)).toBe(true);
    // The ACL lets the other project's user in, and its lack keeps ours out.
    expect((await world.secretBytes(text, 'small')).length).toBe(32);
    await expect(world.secretBytes(binary)).rejects.toThrow('HTTP 403');
    expect(await world.leftBehind()).toEqual({ secrets: [text] });
    await world.removeSecret(text);
    expect(await world.leftBehind()).toEqual({});
  },
};

const imageBacked: Scenario = {
  name: 'a world makes image-backed servers with volumes, and writes to their root disks, running or not',
  async run(world) {
    const kept = await world.makeVolume({ name: 'kept', type: 'luks' });
    const going = await world.makeVolume({ name: 'going' });
    const publicKey = await world.makeKeyPair('world-key');
    expect(publicKey).toMatch(/^ssh-ed25519 AAAA/);
    const server = await world.makeServer({
      name: 'of an image',
      image: true,
      volumes: [
        { id: kept, tag: 'data' },
        { id: going, deleteOnTermination: true },
      ],
      metadata: { role: 'db' },
      tags: ['b', 'a'],
      keyName: 'world-key',
    });
    const nova = await (await world.session()).service('compute');
    expect(await getServer(nova, server.id)).toMatchObject({
      status: 'ACTIVE',
      metadata: { role: 'db' },
      tags: ['a', 'b'],
      keyName: 'world-key',
      imageId: expect.any(String),
    });
    expect(await listAttachments(nova, server.id)).toEqual([
      { volumeId: kept, device: '/dev/vdb', tag: 'data', deleteOnTermination: false },
      { volumeId: going, device: '/dev/vdc', tag: undefined, deleteOnTermination: true },
    ]);
    const other = await world.makeServer({ name: 'stopped', image: true, stopped: true });
    const fresh = await world.rootDigest(server.id);
    expect(await world.rootDigest(other.id)).toBe(fresh);
    const bytes = randomBytes(65_536);
    for (const { id } of [server, other]) await world.writeRoot(id, 16 << 20, bytes);
    expect(await world.rootDigest(server.id)).not.toBe(fresh);
    expect(await world.rootDigest(other.id)).toBe(await world.rootDigest(server.id));

    await server.remove();
    expect(await world.leftBehind()).toEqual({
      servers: [other.id],
      volumes: [kept],
      keyPairs: ['world-key'],
    });
  },
};

const volumeBacked: Scenario = {
  name: 'a world makes volume-backed servers, whose root disk has the first name wherever it stands',
  async run(world) {
    const root = await world.makeVolume({ name: 'root', bootable: true, user: 'small' });
    const data = await world.makeVolume({
      name: 'data',
      type: 'luks',
      content: Buffer.from('first bytes'),
      user: 'small',
    });
    const server = await world.makeServer({
      name: 'of a volume',
      rootVolume: root,
      volumes: [{ id: data }],
      stopped: true,
      user: 'small',
    });
    const session = await world.session('small');
    const nova = await session.service('compute');
    expect(await getServer(nova, server.id)).toMatchObject({ status: 'SHUTOFF', imageId: undefined });
    expect((await listAttachments(nova, server.id)).map(({ device }) => device)).toEqual([
      '/dev/vda',
      '/dev/vdb',
    ]);
    await server.remove();
    const cinder = await session.service('block-storage');
    expect((await getVolume(cinder, data)).status).toBe('available');
    expect((await world.content(data, 11, 'small')).toString()).toBe('first bytes');
    const size = await world.deviceSize(data);
    expect(await world.digest(data, size)).toBe(await world.digest(data));
    expect(await world.digest(data, size / 2)).not.toBe(await world.digest(data));
    await world.removeVolume(data, 'small');
    expect(await world.leftBehind('small')).toEqual({ volumes: [root] });
    expect(await world.leftBehind()).toEqual({});
  },
};

export const worldScenarios: readonly Scenario[] = [images, secrets, imageBacked, volumeBacked];
