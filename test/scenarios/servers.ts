import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { type Attachment, listAttachments } from '../../src/openstack/compute/v2/attachments.ts';
import { getServer, type Server } from '../../src/openstack/compute/v2/servers.ts';
import type { Ran } from '../support/tool.ts';
import { killedWhileMade } from './killed-server.ts';
import { expectExit, inventory, manifestOf, type Scenario } from './steps.ts';
import type { Person, World } from './world.ts';

async function serverOf(world: World, id: string, user?: Person): Promise<Server> {
  return getServer(await (await world.session(user)).service('compute'), id);
}

async function attachmentsOf(world: World, id: string, user?: Person): Promise<Attachment[]> {
  return listAttachments(await (await world.session(user)).service('compute'), id);
}

async function backUpServer(world: World, name: string, ...more: string[]): Promise<Ran> {
  return expectExit(await world.tool(['backup-server', '--servers', name, ...more, '--json']), 0);
}

async function restoreServer(world: World, ran: Ran, user: Person, ...more: string[]): Promise<Ran> {
  const words = ['restore-server', '--manifest', manifestOf(ran), '--allow-unsigned', ...more, '--json'];
  return expectExit(await world.tool(words, { user }), 0);
}

interface Point {
  readonly kind: string;
  readonly name: string;
  readonly method: string;
  readonly mode?: string;
}

function points(ran: Ran): Point[] {
  return ran.json['restore-points'] as Point[];
}

interface ServerReport {
  readonly disks: readonly { readonly id: string; readonly kind: string; readonly device: string | null }[];
}

function disksOf(ran: Ran): string[] {
  return (ran.json['report'] as ServerReport).disks.map(({ id }) => id);
}

async function serverPoint(ran: Ran) {
  const manifest = JSON.parse(await readFile(manifestOf(ran), 'utf8'));
  return manifest.restorePoints.find((point: { method: string }) => point.method === 'disks');
}

/** What a backup must leave as it was. */
async function state(world: World, id: string, user?: Person) {
  const { status, taskState, metadata, tags, volumes } = await serverOf(world, id, user);
  return { status, taskState, metadata, tags, volumes, attachments: await attachmentsOf(world, id, user) };
}

async function removeAll(
  world: World,
  server: { remove(): Promise<void> },
  volumes: readonly string[],
): Promise<void> {
  await server.remove();
  for (const id of volumes) await world.removeVolume(id);
}

export const snapshotsOfOneMoment: Scenario = {
  name: 'a volume-backed server: snapshots of all volumes backed up to Cinder, then increments; nothing left; restored in order with the same bytes',
  async run(world) {
    const content = randomBytes(100_000);
    const root = await world.makeVolume({ name: 'vb-root', bootable: true, content });
    const luks = await world.makeVolume({ name: 'vb-luks', type: 'luks', content });
    const plain = await world.makeVolume({ name: 'vb-plain', content });
    const volumes = [root, luks, plain];
    const publicKey = await world.makeKeyPair('vb-key');
    const server = await world.makeServer({
      name: 'vb',
      rootVolume: root,
      volumes: [{ id: luks, tag: 'data' }, { id: plain }],
      metadata: { role: 'x\n::error::y `id`' },
      tags: ['b', 'a'],
      description: 'of three volumes',
      keyName: 'vb-key',
    });
    const before = await state(world, server.id);
    const first = await backUpServer(world, 'vb');
    expect(points(first).map(({ kind, mode }) => mode ?? kind)).toEqual(['full', 'full', 'full', 'server']);
    for (const id of volumes) await world.write(id, 16 << 20, randomBytes(200_000));
    const second = await backUpServer(world, server.id);
    const digests = await Promise.all(volumes.map((id) => world.digest(id)));
    expect(points(second).map(({ kind, mode }) => mode ?? kind)).toEqual([
      'incremental',
      'incremental',
      'incremental',
      'server',
    ]);
    expect(await state(world, server.id)).toEqual(before);
    expect(Object.keys(await world.leftBehind()).sort()).toEqual([
      'backups',
      'keyPairs',
      'servers',
      'volumes',
    ]);
    expect(await serverPoint(second)).toMatchObject({
      consistency: 'crash',
      oneMoment: false,
      resource: { rootDevice: '/dev/vda', keyPair: { name: 'vb-key', publicKey }, image: null },
    });

    await removeAll(world, server, volumes);
    const restored = await restoreServer(world, second, 'demo');
    const id = String(restored.json['server-id']);
    expect(await serverOf(world, id)).toMatchObject({
      name: 'vb',
      status: 'ACTIVE',
      description: 'of three volumes',
      metadata: { role: 'x\n::error::y `id`' },
      tags: ['a', 'b'],
      keyName: 'vb-key',
      imageId: undefined,
    });
    const disks = disksOf(restored);
    expect(await attachmentsOf(world, id)).toEqual(
      before.attachments.map((attachment, at) => ({ ...attachment, volumeId: disks[at] })),
    );
    for (const [at, disk] of disks.entries())
      expect([at, await world.digest(disk)]).toEqual([at, digests[at]]);
    expect(String(restored.json['missing'])).toContain('user data and injected files');
  },
};

export const anotherProject: Scenario = {
  name: 'a server with a plain and an encrypted volume saved into a directory, all deleted, keys included: back in another project with the same bytes',
  async run(world) {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const content = randomBytes(100_000);
    const luks = await world.makeVolume({ name: 'ib-luks', type: 'luks', content });
    const plain = await world.makeVolume({ name: 'ib-plain', content });
    const server = await world.makeServer({
      name: 'ib',
      image: true,
      volumes: [{ id: luks }, { id: plain, tag: 'data' }],
      metadata: { role: 'web' },
    });
    await world.writeRoot(server.id, 16 << 20, randomBytes(100_000));
    const before = await state(world, server.id);
    const rootDigest = await world.rootDigest(server.id);
    const ran = await backUpServer(world, 'ib', '--store', 'directory:payloads', '--recipients', recipient);
    // By the method alone: the real cloud's password is "secret", and so the word is masked.
    expect(
      points(ran)
        .map(({ method }) => method)
        .sort(),
    ).toEqual(['disks', 'download', 'image', 'image', 'sealed']);
    expect(await state(world, server.id)).toEqual(before);
    expect(Object.keys(await world.leftBehind()).sort()).toEqual(['servers', 'volumes']);
    const plainDigest = await world.digest(plain);
    const luksSize = await world.deviceSize(luks);
    const luksDigest = await world.digest(luks, luksSize);

    await removeAll(world, server, [luks, plain]);
    // With the volumes their keys went.
    expect(await world.leftBehind()).toEqual({});
    const words = ['--store', 'directory:payloads', '--allow-other-project', '--identity', 'env:IDENTITY'];
    const restored = expectExit(
      await world.tool(
        ['restore-server', '--manifest', manifestOf(ran), '--allow-unsigned', ...words, '--json'],
        { user: 'small', environment: { IDENTITY: identity } },
      ),
      0,
    );
    const id = String(restored.json['server-id']);
    expect(await serverOf(world, id, 'small')).toMatchObject({
      name: 'ib',
      status: 'ACTIVE',
      metadata: { role: 'web' },
    });
    const [, newLuks = '', newPlain = ''] = disksOf(restored);
    expect(await attachmentsOf(world, id, 'small')).toEqual(
      before.attachments.map((attachment, at) => ({ ...attachment, volumeId: [newLuks, newPlain][at] })),
    );
    expect(await world.rootDigest(id)).toBe(rootDigest);
    expect(await world.digest(newPlain)).toBe(plainDigest);
    expect(await world.digest(newLuks, luksSize)).toBe(luksDigest);
    expect(await world.leftBehind()).toEqual({});
    // The image stays, for Nova may need it.
    const left = await world.leftBehind('small');
    expect(Object.keys(left).sort()).toEqual(['images', 'servers', 'volumes']);
  },
};

export const stoppedWithKeptImage: Scenario = {
  name: 'a stopped server with a disk of its own, without a store: its image stays, its volume goes to Cinder, restored from both',
  async run(world) {
    const plain = await world.makeVolume({ name: 'st-plain', content: randomBytes(50_000) });
    const server = await world.makeServer({
      name: 'st',
      image: true,
      volumes: [{ id: plain }],
      stopped: true,
    });
    await world.writeRoot(server.id, 16 << 20, randomBytes(50_000));
    const rootDigest = await world.rootDigest(server.id);
    const digest = await world.digest(plain);
    const ran = await backUpServer(world, 'st');
    expect(
      points(ran)
        .map(({ kind, method }) => `${kind} ${method}`)
        .sort(),
    ).toEqual(['image kept', 'server disks', 'volume cinder-backup']);
    expect(await serverPoint(ran)).toMatchObject({ consistency: 'offline', oneMoment: true });
    expect((await serverOf(world, server.id)).status).toBe('SHUTOFF');
    await removeAll(world, server, [plain]);

    const restored = await restoreServer(world, ran, 'demo', '--name', 'st again');
    const id = String(restored.json['server-id']);
    expect(await serverOf(world, id)).toMatchObject({ name: 'st again', status: 'ACTIVE' });
    expect(String(restored.json['missing'])).toContain('its status SHUTOFF');
    expect(await world.rootDigest(id)).toBe(rootDigest);
    expect(await world.digest(disksOf(restored)[1] ?? '')).toBe(digest);
  },
};

export const refused: Scenario = {
  name: 'servers: what cannot be is refused before anything is touched, with what there is',
  async run(world) {
    const root = await world.makeVolume({ name: 'no-root', bootable: true });
    // Its type's encryption is shown by a volume of it only.
    await world.makeVolume({ name: 'no-luks', type: 'luks' });
    const server = await world.makeServer({ name: 'no', rootVolume: root });
    const ran = await backUpServer(world, 'no');
    const before = await inventory(world);
    const restore = ['restore-server', '--manifest', manifestOf(ran), '--allow-unsigned'];
    const cases: [string[], number, string][] = [
      [['backup-server', '--servers', 'nope'], 2, 'there is no server called "nope"'],
      [['backup-server', '--servers', 'no', '--method', 'ftp'], 2, '--method is "ftp"'],
      [[...restore, '--map', 'network: a=b'], 2, '--map names what the server does not have: network "a"'],
      [[...restore, '--map', 'volume: a=b'], 2, '--map names what the server does not have: volume "a"'],
      [[...restore, '--map', 'image: a=b'], 2, '--map names what the server does not have: image "a"'],
      [[...restore, '--map', 'server: a=b'], 2, '--map cannot be read: "server: a=b" does not begin with'],
      [[...restore, '--map', 'volume: a'], 2, '--map cannot be read: "volume: a" is not `volume: old=new`'],
      [[...restore, '--map', 'flavor: tiny=nope'], 2, 'there is no flavor "nope"'],
      [[...restore, '--map', 'type: standard=nope'], 2, 'there is no volume type "nope"'],
      [[...restore, '--map', 'type: standard=luks'], 2, 'volume type luks is encrypted'],
      [[...restore, '--map', 'availability-zone: nova=moon'], 2, 'there is no availability zone "moon"'],
      [[...restore, '--name', 'x\n::error::y'], 2, 'invalid server name "x\\n::error::y"'],
      [[...restore, '--server', 'nope'], 2, 'there is no server called "nope"'],
      [[...restore, '--project', 'another'], 2, 'but --project says another'],
    ];
    for (const [words, code, message] of cases) {
      const told = await world.tool(words);
      expect([words, told.code, told.stderr]).toEqual([words, code, expect.stringContaining(message)]);
      for (const line of told.stderr.split('\n')) expect(line).not.toMatch(/^\s*::|\p{Cc}/u);
    }
    const stranger = await world.tool([...restore], { user: 'small' });
    expect(expectExit(stranger, 2).stderr).toContain('the manifest is of project');
    const lost = await world.tool([...restore, '--allow-other-project'], { user: 'small' });
    expect(expectExit(lost, 1).stderr).toContain('is gone from the cloud');
    expectExit(await world.tool([...restore, '--dry-run']), 0);
    expectExit(await world.tool(['backup-server', '--servers', 'no', '--dry-run']), 0);
    expect(await inventory(world)).toEqual(before);
    await server.remove();
  },
};

export const serversScenarios: readonly Scenario[] = [
  snapshotsOfOneMoment,
  anotherProject,
  stoppedWithKeptImage,
  refused,
  killedWhileMade,
];
