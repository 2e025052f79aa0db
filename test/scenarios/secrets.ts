import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { SecretPoint } from '../../src/manifest/schema.ts';
import { getAcl } from '../../src/openstack/keymanager/v1/acls.ts';
import { getSecretMetadata } from '../../src/openstack/keymanager/v1/metadata.ts';
import { getSecret } from '../../src/openstack/keymanager/v1/secrets.ts';
import { bringBack, makeKeeper, manifestIn, STORE, save, storeFiles } from './sealed.ts';
import { expectExit, inventory, type Scenario } from './steps.ts';
import type { World } from './world.ts';

/** All that Barbican tells of a secret, but what is of the moment, and its bytes. */
async function whole(world: World, id: string) {
  const client = await (await world.session()).service('key-manager');
  const { createdAt: _made, updatedAt: _changed, ...attributes } = await getSecret(client, id);
  const [acl, metadata] = [await getAcl(client, id), await getSecretMetadata(client, id)];
  return { ...attributes, acl, metadata, bytes: (await world.secretBytes(id)).toString('hex') };
}

const roundTrip: Scenario = {
  name: 'keys come back with the same bytes and attributes under new ids, text to its last white space',
  async run(world) {
    const keeper = await makeKeeper();
    const [octets, text] = ['application/octet-stream', 'text/plain'] as const;
    const user = (await world.session('small')).scope.user.id;
    const ids = [
      await world.makeSecret({
        name: 'k1',
        payload: randomBytes(32),
        secretType: 'symmetric',
        contentType: octets,
        algorithm: 'aes',
        bitLength: 256,
        mode: 'xts',
        expiration: '2099-01-01T00:00:00',
        acl: { users: [user], projectAccess: false },
      }),
      await world.makeSecret({
        payload: Buffer.from(` pass ${randomBytes(9).toString('base64')} \n`),
        secretType: 'passphrase',
        contentType: text,
        metadata: { purpose: 'db' },
      }),
      await world.makeSecret({
        name: 'x\n::error::y `id`',
        payload: randomBytes(5000),
        secretType: 'opaque',
        contentType: octets,
      }),
    ];
    const before = await Promise.all(ids.map((id) => whole(world, id)));
    const saved = await save(world, keeper, 'export-secret', ...ids.flatMap((id) => ['--secrets', id]));
    expect(await storeFiles(world)).toHaveLength(3);
    for (const id of ids) await world.removeSecret(id);
    expect(await world.leftBehind()).toEqual({});

    const restored = expectExit(await bringBack(world, keeper, 'restore-secret', saved), 0);
    const map = restored.json['secrets'] as Record<string, string>;
    expect(Object.keys(map).sort()).toEqual([...ids].sort());
    expect(await Promise.all(ids.map((id) => whole(world, map[id] ?? '')))).toEqual(before);
    expect(restored.json['missing']).toEqual([]);
    expect((await world.leftBehind()).secrets).toEqual(Object.values(map).sort());
    const [first = ''] = ids;
    const one = await bringBack(
      world,
      keeper,
      'restore-secret',
      saved,
      '--secrets',
      first,
      '--name',
      'other',
    );
    const id = String(expectExit(one, 0).json['secret-id']);
    expect(await whole(world, id)).toEqual({ ...before[0], name: 'other' });
  },
};

const found: Scenario = {
  name: 'keys are found through the volumes and backups that use them; what is not encrypted is passed over',
  async run(world) {
    const keeper = await makeKeeper();
    const vault = await world.makeVolume({ name: 'found-vault', type: 'luks' });
    await world.makeVolume({ name: 'found-plain' });
    expectExit(
      await world.tool(['backup-volume', '--volumes', 'found-vault', '--method', 'cinder-backup']),
      0,
    );
    const saved = await save(world, keeper, 'export-secret', '--volumes', 'name:found-*');
    const points = (await manifestIn(saved)).restorePoints as SecretPoint[];
    expect(points.map(({ resource }) => resource.usedBy)).toEqual([
      [{ kind: 'volume', id: vault, name: 'found-vault' }],
    ]);
    const plain = await world.tool([
      'export-secret',
      '--volumes',
      'found-plain',
      '--recipients',
      keeper.recipient,
    ]);
    expect(expectExit(plain, 2).stderr).toContain('it is not encrypted');

    // The key is hidden from others: what cannot be read is told and recorded.
    await world.makeKeyPrivate(vault);
    const half = await world.tool(
      ['export-secret', '--volumes', 'name:found-*', '--recipients', keeper.recipient, '--json'],
      { user: 'nokeys' },
    );
    expect(expectExit(half, 1).stderr).toContain('the role `creator`');
    expect(JSON.stringify(half.json['failed'])).toContain('cannot be read');
  },
};

const refusals: Scenario = {
  name: 'a key leaves in clear only when asked for by name; what is altered or sealed to others does not come back',
  async run(world) {
    const keeper = await makeKeeper();
    const payload = randomBytes(32);
    const id = await world.makeSecret({
      name: 'lone',
      payload,
      secretType: 'symmetric',
      contentType: 'application/octet-stream',
    });
    const before = await inventory(world);
    const cases: [string[], string][] = [
      [['--secrets', id], 'no recipients given'],
      [['--secrets', id, '--plaintext', '--recipients', keeper.recipient], 'contradict each other'],
      [['--recipients', keeper.recipient], 's, volumes, backups or images given'],
      [['--secrets', 'nope', '--recipients', keeper.recipient], 'called "nope"'],
      [['--backups', 'nope', '--recipients', keeper.recipient], 'called "nope"'],
    ];
    for (const [flags, message] of cases) {
      const refused = await world.tool(['export-secret', ...flags]);
      expect([flags, refused.code, refused.stderr]).toEqual([flags, 2, expect.stringContaining(message)]);
    }
    expect(await storeFiles(world)).toEqual([]);

    const saved = await save(world, keeper, 'export-secret', '--secrets', 'lone');
    const [name = ''] = await storeFiles(world);
    const file = join(STORE(world), name);
    const sealed = await readFile(file);
    const stranger = await bringBack(world, await makeKeeper(), 'restore-secret', saved);
    expect(expectExit(stranger, 2).stderr).toContain('is not sealed to this');
    sealed.writeUInt8(sealed.readUInt8(sealed.length - 5) ^ 1, sealed.length - 5);
    await writeFile(file, sealed);
    const altered = await bringBack(world, keeper, 'restore-secret', saved);
    expect(expectExit(altered, 1).stderr).toContain('It was altered or cut short');
    expect(await inventory(world)).toEqual(before);
    await rm(file);

    const clear = expectExit(
      await world.tool(['export-secret', '--secrets', id, '--plaintext', '--json']),
      0,
    );
    const [bare = ''] = await storeFiles(world);
    const path = join(STORE(world), bare);
    expect((await readFile(path)).equals(payload)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expectExit(await bringBack(world, keeper, 'restore-secret', clear), 0);
    // Before the hunt, which would find it.
    await rm(path);
  },
};

export const secretsScenarios: readonly Scenario[] = [roundTrip, found, refusals];
