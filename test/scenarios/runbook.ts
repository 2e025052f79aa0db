import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { listAttachments } from '../../src/openstack/compute/v2/attachments.ts';
import { getServer } from '../../src/openstack/compute/v2/servers.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import { getSecret } from '../../src/openstack/keymanager/v1/secrets.ts';
import { sha256 } from '../support/payloads.ts';
import { byHand } from './by-hand.ts';
import { makeKeeper, manifestIn, save } from './sealed.ts';
import type { Scenario } from './steps.ts';
import type { World } from './world.ts';

const HOSTILE = '--it\'s $(touch taken)\n```\n`touch taken` \u202e"x"';

const OUT_OF_THE_CLOUD = ['--store', 'directory:openstack-backups/payloads'] as const;

function volumes(kind: string, ...flags: string[]) {
  return async (world: World) => {
    const keeper = await makeKeeper();
    const content = randomBytes(1 << 20);
    const ids: string[] = [];
    for (const type of ['standard', 'luks'] as const)
      ids.push(
        await world.makeVolume({
          name: `${HOSTILE} ${type}`,
          type,
          content,
          bootable: type === 'standard',
          metadata: { kept: HOSTILE, 'a key': '=' },
        }),
      );
    const saved = await save(
      world,
      keeper,
      'backup-volume',
      ...ids.flatMap((id) => ['--volumes', id]),
      ...flags,
    );
    for (const id of ids) await world.removeVolume(id);
    const { restorePoints } = await manifestIn(saved);
    const points = restorePoints.flatMap(({ resource }, index) =>
      resource.kind === 'volume' ? [{ resource, variable: `VOLUME_${index + 1}` }] : [],
    );
    expect([kind, points.length]).toEqual([kind, 2]);
    const restored = await byHand(
      world,
      keeper,
      saved,
      points.map(({ variable }) => variable),
    );
    const client = await (await world.session()).service('block-storage');
    for (const [at, { resource }] of points.entries()) {
      const id = restored[at] ?? '';
      expect(await getVolume(client, id)).toMatchObject({
        name: resource.name,
        status: 'available',
        volumeType: resource.type.name,
        encrypted: resource.encryption !== null,
        bootable: resource.bootable,
        metadata: resource.metadata,
      });
      expect((await world.content(id, content.length)).equals(content)).toBe(true);
    }
  };
}

async function image(world: World): Promise<void> {
  const keeper = await makeKeeper();
  const bytes = Buffer.concat([Buffer.alloc(1 << 20), randomBytes(1_234_567)]);
  const imageId = await world.makeImage({
    name: HOSTILE,
    bytes,
    properties: { os_distro: 'debian', 'a b': HOSTILE },
    tags: ['nightly', 'a b'],
    minRam: 64,
  });
  const glance = await (await world.session()).service('image');
  const { id: _id, createdAt: _made, updatedAt: _changed, ...image } = await getImage(glance, imageId);
  const saved = await save(world, keeper, 'backup-image', '--images', imageId);
  await world.removeImage(imageId);
  const [restored = ''] = await byHand(world, keeper, saved, ['IMAGE_1']);
  const { id: _new, createdAt: _now, updatedAt: _then, ...again } = await getImage(glance, restored);
  expect({ ...again, tags: [...again.tags].sort() }).toEqual({ ...image, tags: [...image.tags].sort() });
  expect(await world.imageDigest(restored)).toBe(sha256([bytes]));
}

async function keys(world: World): Promise<void> {
  const keeper = await makeKeeper();
  const wishes = [
    {
      name: HOSTILE,
      secretType: 'symmetric',
      contentType: 'application/octet-stream',
      algorithm: 'aes',
      bitLength: 256,
      payload: randomBytes(32),
    },
    {
      name: `${HOSTILE} text`,
      secretType: 'passphrase',
      contentType: 'text/plain',
      payload: Buffer.from(' two lines\nand a space at the end \n'),
    },
  ] as const;
  const ids: string[] = [];
  for (const wish of wishes) ids.push(await world.makeSecret(wish));
  const client = await (await world.session()).service('key-manager');
  const before = await Promise.all(ids.map((id) => getSecret(client, id)));
  const saved = await save(world, keeper, 'export-secret', ...ids.flatMap((id) => ['--secrets', id]));
  for (const id of ids) await world.removeSecret(id);
  const restored = await byHand(world, keeper, saved, ['SECRET_1', 'SECRET_2']);
  expect(restored).toHaveLength(wishes.length);
  for (const id of restored) {
    const { createdAt: _now, updatedAt: _changed, mode, ...secret } = await getSecret(client, id);
    // They are numbered in the order in which they were saved, side by side.
    const at = wishes.findIndex(({ name }) => name === secret.name);
    const { createdAt: _then, updatedAt: _was, mode: was, ...saved } = before[at] ?? {};
    // The client can say nothing of a mode only as an empty one.
    expect([secret, mode || undefined]).toEqual([saved, was]);
    expect(await world.secretBytes(id)).toEqual(wishes[at]?.payload);
  }
}

/** Nova takes no line breaks in names. */
const HOSTILE_LINE = HOSTILE.replaceAll(/\p{C}/gu, ' ');

async function server(world: World): Promise<void> {
  const keeper = await makeKeeper();
  const content = randomBytes(1 << 20);
  const luks = await world.makeVolume({ name: 'data', type: 'luks', content });
  const plain = await world.makeVolume({ name: HOSTILE, content });
  const made = await world.makeServer({
    name: HOSTILE_LINE,
    description: HOSTILE_LINE,
    image: true,
    volumes: [{ id: luks }, { id: plain, tag: 'data' }],
    metadata: { role: HOSTILE_LINE },
  });
  await world.writeRoot(made.id, 16 << 20, randomBytes(100_000));
  const rootDigest = await world.rootDigest(made.id);
  const digest = await world.digest(plain);
  const size = await world.deviceSize(luks);
  const luksDigest = await world.digest(luks, size);
  const saved = await save(world, keeper, 'backup-server', '--servers', made.id, ...OUT_OF_THE_CLOUD);
  await made.remove();
  for (const id of [luks, plain]) await world.removeVolume(id);

  const { restorePoints } = await manifestIn(saved);
  const at = restorePoints.findIndex(({ resource }) => resource.kind === 'server');
  const [restored = ''] = await byHand(world, keeper, saved, [`SERVER_${at + 1}`]);
  const nova = await (await world.session()).service('compute');
  expect(await getServer(nova, restored)).toMatchObject({
    name: HOSTILE_LINE,
    description: HOSTILE_LINE,
    status: 'ACTIVE',
    metadata: { role: HOSTILE_LINE },
  });
  const [newLuks = '', newPlain = '', ...more] = (await listAttachments(nova, restored)).map(
    ({ volumeId }) => volumeId,
  );
  expect(more).toEqual([]);
  expect(await world.rootDigest(restored)).toBe(rootDigest);
  expect(await world.digest(newPlain)).toBe(digest);
  expect(await world.digest(newLuks, size)).toBe(luksDigest);
}

/** They take the real client. */
export const runbookScenarios: readonly Scenario[] = [
  {
    name: 'RESTORE.md, carried out: volumes from Cinder backups, plain and encrypted, of hostile names',
    run: volumes('cinder-backup'),
  },
  {
    name: 'RESTORE.md, carried out: volumes through images, plain and encrypted, and the encrypted one unlocked outside OpenStack',
    run: volumes('image', '--method', 'image', ...OUT_OF_THE_CLOUD),
  },
  { name: 'RESTORE.md, carried out: an image with its properties and tags', run: image },
  { name: 'RESTORE.md, carried out: keys, bytes and a text with white space at its ends', run: keys },
  {
    name: 'RESTORE.md, carried out: a server with its root disk, a plain and an encrypted volume',
    run: server,
  },
];
