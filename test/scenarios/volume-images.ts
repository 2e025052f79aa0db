import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import type { Manifest, RestorePoint } from '../../src/manifest/schema.ts';
import { getVolume, setBootable } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import { readTemporary } from '../../src/temporaries/tags.ts';
import type { Ran } from '../support/tool.ts';
import { backUp, expectExit, inventory, manifestOf, type Scenario } from './steps.ts';
import type { Person, World } from './world.ts';

/** Where payloads go, and who can open them. */
export interface Safe {
  readonly flags: readonly string[];
  readonly identity: string;
}

export const STORE = ['--store', 'directory:payloads'] as const;

export async function makeSafe(): Promise<Safe> {
  const identity = await generateIdentity();
  return { identity, flags: [...STORE, '--recipients', await identityToRecipient(identity)] };
}

export async function readManifest(ran: Ran): Promise<Manifest> {
  return JSON.parse(await readFile(manifestOf(ran), 'utf8'));
}

export function volumePoint(manifest: Manifest, name: string) {
  const point = manifest.restorePoints.find(
    ({ resource }) => resource.kind === 'volume' && resource.name === name,
  );
  if (point?.method !== 'image' && point?.method !== 'cinder-backup') throw new Error(`no volume ${name}`);
  return point;
}

/** @returns the id of the volume */
export async function bringBack(
  world: World,
  ran: Ran,
  name: string,
  {
    identity,
    user = 'demo',
    flags = [],
  }: { identity?: string; user?: Person; flags?: readonly string[] } = {},
): Promise<string> {
  const words = [
    'restore-volume',
    '--manifest',
    manifestOf(ran),
    '--volume',
    name,
    '--allow-unsigned',
    '--json',
  ];
  const sealed = identity === undefined ? [] : [...STORE, '--identity', 'env:IDENTITY'];
  const environment = identity === undefined ? {} : { IDENTITY: identity };
  return String(
    expectExit(await world.tool([...words, ...sealed, ...flags], { user, environment }), 0).json['volume-id'],
  );
}

/** The same bytes on the device and the same key: the same contents. Empty for a volume that has none. */
async function keyOf(world: World, volumeId: string, user?: Person): Promise<Buffer> {
  const { encryptionKeyId } = await getVolume(
    await (await world.session(user)).service('block-storage'),
    volumeId,
  );
  return encryptionKeyId === undefined ? Buffer.of() : world.secretBytes(encryptionKeyId, user);
}

const METADATA = { kept: 'yes', 'a key': 'x\n::error::y `id`' };

export const outAndBack: Scenario = {
  name: 'plain and encrypted, detached and in use, saved into a directory and deleted with their keys: back in this and in another project, bytes equal',
  async run(world) {
    const { flags, identity } = await makeSafe();
    const content = randomBytes(1 << 20);
    const names = ['plain', 'luks', 'plain-used', 'luks-used'].map((kind) => `out-${kind}`);
    const ids: string[] = [];
    for (const name of names)
      ids.push(
        await world.makeVolume({
          name,
          content,
          type: name.includes('luks') ? 'luks' : 'standard',
          metadata: METADATA,
        }),
      );
    const client = await (await world.session()).service('block-storage');
    await setBootable(client, ids[1] ?? '', true);
    const detach = await world.attach(...ids.slice(2));
    const before = await Promise.all(ids.map((id) => getVolume(client, id)));
    const ran = await backUp(world, ids, ...flags);
    expect(await Promise.all(ids.map((id) => getVolume(client, id)))).toEqual(
      before.map((volume) => ({ ...volume, updatedAt: expect.anything() })),
    );
    expect(Object.keys(await world.leftBehind()).sort()).toEqual(['servers', 'volumes']);

    const manifest = await readManifest(ran);
    const methods = manifest.restorePoints.map(({ resource, method }) => `${resource.kind} ${method}`);
    expect(methods.sort()).toEqual([
      'secret sealed',
      'secret sealed',
      ...Array.from({ length: 4 }, () => 'volume image'),
    ]);
    const consistencies = names.map((name) => volumePoint(manifest, name).consistency);
    expect(consistencies).toEqual(['offline', 'offline', 'crash', 'crash']);
    for (const name of ['out-luks', 'out-luks-used'])
      expect(volumePoint(manifest, name).resource.encryption).toMatchObject({
        provider: 'luks',
        key: { worth: 'sealed, proved' },
      });

    const sizes = await Promise.all(ids.map((id) => world.deviceSize(id)));
    const digests = await Promise.all(ids.map((id) => world.digest(id)));
    const keys = await Promise.all(ids.map((id) => keyOf(world, id)));
    await detach();
    for (const id of ids) await world.removeVolume(id);
    expect(await world.leftBehind()).toEqual({});

    for (const [at, name] of names.entries()) {
      const user = at % 3 === 0 ? 'small' : 'demo';
      const more = user === 'small' ? ['--allow-other-project'] : [];
      const restored = await bringBack(world, ran, name, { identity, user, flags: more });
      expect([name, await world.digest(restored, sizes[at])]).toEqual([name, digests[at]]);
      expect((await keyOf(world, restored, user)).equals(keys[at] ?? Buffer.of())).toBe(true);
      const now = await getVolume(await (await world.session(user)).service('block-storage'), restored);
      expect(now).toMatchObject({
        name,
        status: 'available',
        description: '',
        // The LUKS header lies behind what Cinder calls the size, and in front of the image's.
        size: Math.max(1, Math.ceil((sizes[at] ?? 0) / 2 ** 30)),
        volumeType: name.includes('luks') ? 'luks' : 'standard',
        encrypted: name.includes('luks'),
        bootable: at === 1,
        metadata: METADATA,
        imageMetadata: {},
      });
      expect(await world.leftBehind(user)).toEqual({ volumes: [restored] });
      await world.removeVolume(restored, user);
    }
  },
};

export const keptInTheCloud: Scenario = {
  name: 'an image that stays in the cloud is the backup: restored from it, also to another type of the same encryption',
  async run(world) {
    const content = randomBytes(100_000);
    for (const type of ['standard', 'luks'] as const) {
      const id = await world.makeVolume({ name: `kept-${type}`, type, content, metadata: METADATA });
      const [size, digest] = [await world.deviceSize(id), await world.digest(id)];
      const ran = await backUp(world, [id], '--method', 'image');
      const point = volumePoint(await readManifest(ran), `kept-${type}`);
      if (point.method !== 'image') throw new Error(`the point is ${point.method}`);
      expect(point).toMatchObject({ payload: null, image: { kept: true }, consistency: 'offline' });
      const glance = await (await world.session()).service('image');
      const image = await getImage(glance, point.image.id);
      expect(image.name).toBe(point.image.name);
      expect(image.properties['openstack_backup_point']).toBe(point.id);
      expect(readTemporary(image)).toBeUndefined();
      expect(await world.leftBehind()).toEqual({ volumes: [id], images: [image.id] });

      await world.removeVolume(id);
      const flags = type === 'luks' ? ['--type', 'luks-other'] : [];
      const restored = await bringBack(world, ran, `kept-${type}`, { flags });
      expect(await world.digest(restored, size)).toBe(digest);
      expect((await world.content(restored, content.length)).equals(content)).toBe(true);
      const client = await (await world.session()).service('block-storage');
      expect(await getVolume(client, restored)).toMatchObject({
        volumeType: type === 'luks' ? 'luks-other' : 'standard',
        encrypted: type === 'luks',
        bootable: false,
        metadata: METADATA,
        imageMetadata: {},
      });
      expect(await getImage(glance, image.id)).toEqual({ ...image, updatedAt: expect.anything() });
      expect(await world.leftBehind()).toEqual({ volumes: [restored], images: [image.id] });
      await world.removeVolume(restored);
      await world.removeImage(image.id);
    }
  },
};

export const sealedBesideBackup: Scenario = {
  name: 'the key of a Cinder backup is sealed beside it, and called unproved',
  async run(world) {
    const { flags, identity } = await makeSafe();
    const id = await world.makeVolume({ name: 'beside', type: 'luks' });
    const ran = await backUp(world, [id], '--method', 'cinder-backup', ...flags);
    const manifest = await readManifest(ran);
    const { method, resource } = volumePoint(manifest, 'beside');
    expect([method, resource.encryption?.key.worth]).toEqual(['cinder-backup', 'sealed, unproved']);
    const secret = manifest.restorePoints.find((point) => point.id === resource.encryption?.key.point);
    const bytes = await opened(world, secret, identity);
    expect(bytes.equals(await world.secretBytes(resource.encryption?.key.id ?? ''))).toBe(true);
  },
};

async function opened(world: World, point: RestorePoint | undefined, identity: string): Promise<Buffer> {
  if (point?.method !== 'sealed') throw new Error('the manifest has no sealed key');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const sealed = await readFile(join(world.directory, 'payloads', point.payload.name));
  return Buffer.from(await decrypter.decrypt(sealed));
}

export const refusedImages: Scenario = {
  name: 'volumes as images: what would destroy or hide data, or come to nothing, is refused before anything is touched',
  async run(world) {
    const { flags, identity } = await makeSafe();
    const stranger = await generateIdentity();
    const plain = await world.makeVolume({ name: 'ri-plain' });
    const luks = await world.makeVolume({ name: 'ri-luks', type: 'luks' });
    const ran = await backUp(world, [plain, luks], '--method', 'image', ...flags);
    const before = await inventory(world);
    const restore = ['restore-volume', '--manifest', manifestOf(ran), '--allow-unsigned'];
    const from = (volume: string, ...more: string[]) => [...restore, '--volume', volume, ...more];
    const open = [...STORE, '--identity', 'env:IDENTITY'];
    const cases: [string[], number, string][] = [
      [
        from('ri-luks', ...open, '--type', 'standard'),
        2,
        'volume type standard is not encrypted, but the data is',
      ],
      [from('ri-plain', ...open, '--type', 'luks'), 2, 'volume type luks is encrypted, but the data is not'],
      [from('ri-plain', ...open, '--type', 'nope'), 2, 'there is no volume type "nope"'],
      [
        from('ri-plain', ...open, '--to', plain, '--overwrite'),
        2,
        'Cinder can make only new volumes from images',
      ],
      [from('ri-luks', ...STORE, '--identity', 'env:STRANGER'), 2, 'is not sealed to this --identity'],
      [from('ri-luks', ...STORE), 2, 'Give the age identity that opens it'],
      [
        from('ri-plain', '--identity', 'env:IDENTITY', '--store', 'directory:elsewhere'),
        2,
        'Name the place where the backup put its payloads',
      ],
      [
        ['backup-volume', '--volumes', luks, '--method', 'image', ...STORE],
        2,
        'leaves the cloud only sealed: no recipients given',
      ],
      [
        ['backup-volume', '--volumes', luks, ...flags.slice(0, 2), '--recipients', 'age1nobody'],
        2,
        '--recipients: number 1 of 1 is not an age recipient',
      ],
    ];
    for (const [words, code, message] of cases) {
      const refused = await world.tool(words, { environment: { IDENTITY: identity, STRANGER: stranger } });
      expect([words, refused.code, refused.stderr]).toEqual([words, code, expect.stringContaining(message)]);
      expect(refused.stdout).toBe('');
    }
    expect(await inventory(world)).toEqual(before);
  },
};

export const volumeImageScenarios: readonly Scenario[] = [
  outAndBack,
  keptInTheCloud,
  sealedBesideBackup,
  refusedImages,
];
