import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { createBackup, getBackup } from '../../src/openstack/blockstorage/v3/backups.ts';
import {
  getVolume,
  replaceVolumeMetadata,
  setBootable,
} from '../../src/openstack/blockstorage/v3/volumes.ts';
import { hasStatus } from '../../src/openstack/errors.ts';
import type { Ran } from '../support/tool.ts';
import { waitFor } from '../support/wait.ts';
import { backUp, expectExit, inventory, manifestOf, pointsOf, restore, type Scenario } from './steps.ts';
import type { Person, World } from './world.ts';

/** The four kinds: plain and encrypted, detached and in use. */
async function fourVolumes(world: World, prefix: string) {
  const content = randomBytes(1 << 20);
  const names = ['plain', 'luks', 'plain-used', 'luks-used'].map((kind) => `${prefix}-${kind}`);
  const ids: string[] = [];
  for (const name of names)
    ids.push(
      await world.makeVolume({
        name,
        content,
        type: name.includes('luks') ? 'luks' : 'standard',
        metadata: { kept: 'yes', 'a key': 'x\n::error::y `id`' },
      }),
    );
  const [, , ...used] = ids;
  const detach = await world.attach(...used);
  return { names, ids, content, detach };
}

/** Several backups of each of the four, and each of them brought back. */
const linked = (links: 1 | 3) => async (world: World) => {
  const { names, ids, content, detach } = await fourVolumes(world, 'first');
  const client = await (await world.session()).service('block-storage');
  await setBootable(client, ids[0] ?? '', true);
  const runs = await saveLinks(world, ids, links);
  const statuses = await Promise.all(ids.map(async (id) => (await getVolume(client, id)).status));
  expect(statuses).toEqual(['available', 'available', 'in-use', 'in-use']);
  await detach();
  for (const id of ids) await world.removeVolume(id);

  for (const { ran, digests } of runs) {
    const restored = await Promise.all(
      names.map((name) => restore(world, '--manifest', manifestOf(ran), '--volume', name)),
    );
    for (const [at, id] of restored.entries()) {
      const name = names[at] ?? '';
      expect([name, await world.digest(id)]).toEqual([name, digests[at]]);
      expect([name, (await world.content(id, content.length)).equals(content)]).toEqual([name, true]);
      expect(await getVolume(client, id)).toMatchObject({
        name,
        status: 'available',
        encrypted: name.includes('luks'),
        bootable: at === 0,
        metadata: { kept: 'yes', 'a key': 'x\n::error::y `id`' },
      });
      await world.removeVolume(id);
    }
  }
  for (const { ran } of runs.slice(0, 1)) await expectRecorded(ran);
};

/** Something changes before each backup but the first. */
async function saveLinks(world: World, ids: readonly string[], links: number) {
  const runs: { ran: Ran; digests: string[] }[] = [];
  for (let link = 0; link < links; link += 1) {
    // Behind the LUKS header, where every kind has data.
    if (link > 0) for (const id of ids) await world.write(id, (8 * link) << 20, randomBytes(200_000));
    const digests = await Promise.all(ids.map((id) => world.digest(id)));
    runs.push({ ran: await backUp(world, ids), digests });
  }
  expect(runs.map(({ ran }) => pointsOf(ran).map(({ mode }) => mode))).toEqual(
    runs.map((_, link) => ids.map(() => (link === 0 ? 'full' : 'incremental'))),
  );
  return runs;
}

async function expectRecorded(ran: Ran): Promise<void> {
  const manifest = JSON.parse(await readFile(manifestOf(ran), 'utf8'));
  expect(manifest.restorePoints.map((point: { consistency: string }) => point.consistency).sort()).toEqual([
    'crash',
    'crash',
    'offline',
    'offline',
  ]);
  expect(
    manifest.restorePoints.find(
      (point: { resource: { name: string } }) => point.resource.name === 'first-luks',
    ).resource.encryption,
  ).toMatchObject({
    provider: 'luks',
    cipher: 'aes-xts-plain64',
    keySize: 256,
    key: { worth: 'cloud-only', algorithm: 'aes', bitLength: 256 },
  });
  expect(ran.stderr).toContain('their keys exist only in the cloud');
}

export const chains: Scenario = {
  name: 'plain and encrypted, detached and in use: full, increment, increment; deleted, each restored from its manifest alone, bytes equal',
  run: linked(3),
};

/** For the short set of an older release. */
export const fullBackups: Scenario = {
  name: 'plain and encrypted, detached and in use: backed up, deleted, restored from the manifest alone, bytes equal',
  run: linked(1),
};

export const maxChain: Scenario = {
  name: 'a chain ends at max-chain, and a foreign backup makes the next one full',
  async run(world) {
    const id = await world.makeVolume({ name: 'long' });
    const backup = async () => pointsOf(await backUp(world, ['long'], '--max-chain', '2'))[0]?.mode;
    expect([await backup(), await backup(), await backup()]).toEqual(['full', 'incremental', 'full']);
    const client = await (await world.session()).service('block-storage');
    const foreign = await createBackup(client, {
      volumeId: id,
      name: 'by hand',
      incremental: false,
      force: false,
      metadata: {},
    });
    await waitFor(
      `backup ${foreign} of a person`,
      async () => (await getBackup(client, foreign)).status === 'available',
    );
    const ran = await backUp(world, ['long'], '--max-chain', '2');
    expect(pointsOf(ran)[0]?.mode).toBe('full');
    expect(ran.stderr).toContain(`${foreign}, was not made by openstack-backup`);
  },
};

export const overwrite: Scenario = {
  name: 'restored over an existing volume, only when told to, and from a bare backup id when the manifest and the volume are lost: plain and encrypted',
  async run(world) {
    for (const type of ['standard', 'luks'] as const) {
      const content = randomBytes(100_000);
      const id = await world.makeVolume({ name: `over-${type}`, type, content, metadata: { v: '1' } });
      const digest = await world.digest(id);
      const ran = await backUp(world, [id]);
      await world.write(id, 16 << 20, randomBytes(300_000));
      expect(await world.digest(id)).not.toBe(digest);
      const client = await (await world.session()).service('block-storage');
      await replaceVolumeMetadata(client, id, { v: '2' });

      const before = await inventory(world);
      const refused = await world.tool([
        'restore-volume',
        '--manifest',
        manifestOf(ran),
        '--to',
        id,
        '--allow-unsigned',
      ]);
      expect(expectExit(refused, 2).stderr).toContain('would be overwritten, and everything on it lost');
      expect(await inventory(world)).toEqual(before);

      expect(await restore(world, '--manifest', manifestOf(ran), '--to', id, '--overwrite')).toBe(id);
      const comesBack = async (restored: string, expected: Record<string, unknown>) => {
        expect(await world.digest(restored)).toBe(digest);
        expect((await world.content(restored, content.length)).equals(content)).toBe(true);
        expect(await getVolume(client, restored)).toMatchObject({ name: `over-${type}`, ...expected });
      };
      await comesBack(id, { status: 'available', metadata: { v: '1' } });

      await world.removeVolume(id);
      const restored = await restore(world, '--backup', pointsOf(ran)[0]?.backup ?? '');
      await comesBack(restored, { volumeType: type, encrypted: type === 'luks' });
    }
  },
};

export const refusals: Scenario = {
  name: 'what would destroy or hide data is refused before anything is touched',
  async run(world) {
    const plain = await world.makeVolume({ name: 'r-plain' });
    const luks = await world.makeVolume({ name: 'r-luks', type: 'luks' });
    const other = await world.makeVolume({ name: 'r-other', type: 'luks-other' });
    const used = await world.makeVolume({ name: 'r-used' });
    const ran = await backUp(world, ['r-plain', 'r-luks']);
    const detach = await world.attach(used);
    const before = await inventory(world);
    const cases: [string, string[], string][] = [
      ['r-luks', ['--type', 'luks-other'], 'cannot be restored to type luks-other'],
      ['r-luks', ['--type', 'standard'], 'cannot be restored to type standard'],
      ['r-luks', ['--to', other, '--overwrite'], 'Cinder would overwrite the data and then fail'],
      ['r-luks', ['--to', plain, '--overwrite'], 'Cinder would overwrite the data and then fail'],
      ['r-plain', ['--to', luks, '--overwrite'], 'is encrypted, but the backup is not'],
      ['r-plain', ['--type', 'luks'], 'volume type luks is encrypted, but the backup is not'],
      ['r-plain', ['--type', 'nope'], 'there is no volume type "nope"'],
      ['r-plain', ['--to', used, '--overwrite'], 'is in use by server'],
      ['r-plain', ['--to', 'nope', '--overwrite'], 'there is no volume called "nope"'],
      ['r-plain', ['--overwrite'], '--overwrite needs --to'],
      ['nope', [], 'there is no volume called "nope"'],
      ['r-plain', ['--project', 'another'], 'but --project says another'],
    ];
    for (const [volume, flags, message] of cases) {
      const refused = await world.tool([
        'restore-volume',
        '--manifest',
        manifestOf(ran),
        '--volume',
        volume,
        '--allow-unsigned',
        ...flags,
      ]);
      expect([flags, refused.code, refused.stderr]).toEqual([flags, 2, expect.stringContaining(message)]);
      expect(refused.stdout).toBe('');
    }
    const stranger = await world.tool(
      ['restore-volume', '--manifest', manifestOf(ran), '--volume', 'r-plain', '--allow-unsigned'],
      { user: 'small' },
    );
    const { name: project } = (await world.session()).scope.project;
    expect(expectExit(stranger, 2).stderr).toContain(`the manifest is of project "${project}"`);
    expect(await inventory(world)).toEqual(before);
    await detach();
  },
};

export const badInput: Scenario = {
  name: 'bad input: one clear message with what to do, nothing changed in the cloud',
  async run(world) {
    await world.makeVolume({ name: 'twin' });
    await world.makeVolume({ name: 'twin' });
    const hostile = 'x\n::error::y, `id` \u001b[31m';
    await world.makeVolume({ name: hostile });
    const ran = await backUp(world, ['name:x*']);
    const before = await inventory(world);
    const cases: [string[], Record<string, string>, number, string][] = [
      [['--volumes', 'nope'], {}, 2, 'there is no volume called "nope"'],
      [['--volumes', 'twin'], {}, 2, '2 volumes are called "twin"'],
      [[], {}, 2, '--volumes is required'],
      [['--volumes', 'twin', '--mode', 'ful'], {}, 2, '--mode is "ful": use auto, full, incremental'],
      [['--volumes', 'twin'], { OS_PASSWORD: 'wrong-password' }, 2, 'HTTP 401'],
      [
        ['--volumes', 'twin'],
        { OS_REGION_NAME: 'Nowhere' },
        2,
        'no public endpoint for block-storage in region Nowhere',
      ],
      [['--volumes', 'twin'], { OS_AUTH_URL: 'http://127.0.0.1:9/v3' }, 1, 'no answer'],
      [
        ['--volumes', 'twin'],
        { OS_TOKEN: 'gAAAAABexpired', OS_AUTH_TYPE: 'v3token' },
        2,
        'The token has expired',
      ],
      [
        ['--volumes', 'all', '--clouds-yaml', 'env:Y', '--cloud', 'c'],
        { Y: 'clouds: {c: {auth: {password: hunter2-hunter2' },
        2,
        'is not YAML',
      ],
      [['--volumes', 'all', '--clouds-yaml', 'clouds: {}'], {}, 2, 'must not be on the command line'],
      [['--volumes', 'twin', '--publish', 'directory:/etc/passwd/x'], {}, 2, '2 volumes are called'],
      [
        ['--volumes', 'name:x*', '--publish', 'directory:/etc/passwd/x'],
        {},
        2,
        'cannot write the manifest into',
      ],
    ];
    for (const [flags, environment, code, message] of cases) {
      const refused = await world.tool(['backup-volume', ...flags], { environment });
      expect([flags, refused.code, refused.stderr]).toEqual([flags, code, expect.stringContaining(message)]);
      expect(refused.stdout).toBe('');
      expect(refused.stderr).not.toMatch(/hunter2|wrong-password|gAAAAABexpired/);
      expect(refused.stderr).not.toMatch(/^\s+at /m);
    }
    expect(await inventory(world)).toEqual(before);
    // A name with a new line and a command must never start a line.
    expect(ran.stderr).toContain('"x\\n::error::y, `id` \\u001b[31m"');
    for (const line of ran.stderr.split('\n')) expect(line).not.toMatch(/^\s*::|\p{Cc}/u);
    const restored = await restore(world, '--manifest', manifestOf(ran));
    const client = await (await world.session()).service('block-storage');
    expect((await getVolume(client, restored)).name).toBe(hostile);
  },
};

export const alteredManifest: Scenario = {
  name: 'a manifest with one byte changed, one from a newer version, an unsigned one: refused',
  async run(world) {
    const { writeFile } = await import('node:fs/promises');
    const { generateKeyPairSync } = await import('node:crypto');
    const pair = generateKeyPairSync('ed25519');
    const sign = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const verify = join(world.directory, 'verify.pem');
    await writeFile(verify, pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const id = await world.makeVolume({ name: 'signed' });
    const ran = expectExit(
      await world.tool(['backup-volume', '--volumes', id, '--sign-key', 'env:SIGN', '--json'], {
        environment: { SIGN: sign },
      }),
      0,
    );
    const file = manifestOf(ran);
    const good = await readFile(file);
    const before = await inventory(world);
    const attempt = async (content: Buffer | string, ...flags: string[]) => {
      await writeFile(file, content);
      return world.tool(['restore-volume', '--manifest', file, ...flags]);
    };
    const flipped = Buffer.from(good);
    flipped[good.indexOf('"signed"') + 1] = 'S'.charCodeAt(0);
    expect(expectExit(await attempt(flipped, '--verify-key', verify), 2).stderr).toContain('was altered');
    expect(expectExit(await attempt(good), 2).stderr).toContain('no --verify-key was given');
    const newer = good.toString().replace('"version": 1', '"version": 2');
    expect(expectExit(await attempt(newer, '--allow-unsigned'), 2).stderr).toContain(
      'is a manifest of version 2',
    );
    const swapped = good
      .toString()
      .replaceAll(pointsOf(ran)[0]?.backup ?? '', '00000000-0000-4000-8000-000000000000');
    expect(expectExit(await attempt(swapped, '--allow-unsigned'), 1).stderr).toContain(
      'is gone from the cloud',
    );
    expect(await inventory(world)).toEqual(before);
    expectExit(await attempt(good, '--verify-key', verify), 0);
  },
};

export const dryRun: Scenario = {
  name: 'a dry run says what would be done and the quota after, and does nothing',
  async run(world) {
    const id = await world.makeVolume({ name: 'dry', type: 'luks' });
    const before = await inventory(world);
    const ran = expectExit(await world.tool(['backup-volume', '--volumes', 'dry', '--dry-run']), 0);
    expect(ran.stderr).toMatch(/quota after this run: \d+ of \d+ backups, \d+ of \d+ GB of backups/);
    expect(ran.stderr).toContain('full, because the volume has no backup yet');
    expect(await inventory(world)).toEqual(before);
    const backup = await backUp(world, [id]);
    const after = await inventory(world);
    expectExit(
      await world.tool(['restore-volume', '--manifest', manifestOf(backup), '--allow-unsigned', '--dry-run']),
      0,
    );
    expect(await inventory(world)).toEqual(after);
  },
};

export const quota: Scenario = {
  name: 'where the quota is too small for all, what was saved longest ago is saved, and the rest fails by name',
  async run(world) {
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1)
      ids.push(
        await world.makeVolume({ name: `q-${at}`, user: 'small', content: Buffer.from(`data ${at}`) }),
      );
    const backUp = (volumes: string, ...words: readonly string[]) =>
      world.tool(['backup-volume', '--volumes', volumes, '--mode', 'full', ...words], { user: 'small' });
    // q-1 is the one that was saved longest ago: nine backups of ten are there then.
    const first = expectExit(await backUp('name:q-1', '--json'), 0);
    for (const names of ['name:q-*', 'name:q-*', 'q-0,q-2']) {
      const ran = expectExit(await backUp(names), 0);
      expect(ran.stderr.includes('does not fit')).toBe(names === 'q-0,q-2');
    }
    const before = await inventory(world, 'small');

    const dry = expectExit(await backUp('q-0,q-1', '--dry-run'), 1);
    expect(dry.stderr).toContain(`the quota is too small for volume "q-0" (${ids[0]}): 11 of 10 backups`);
    expect(dry.stderr).toContain('quota after this run: 10 of 10 backups');
    expect(await inventory(world, 'small')).toEqual(before);

    const ran = expectExit(await backUp('q-0,q-1', '--json'), 1);
    expect(pointsOf(ran).map(({ name }) => name)).toEqual(['q-1']);
    const failed = ran.json['failed'] as { name: string; error: string }[];
    expect(failed.map(({ name }) => name)).toEqual(['q-0']);
    const advice = `openstack volume backup delete ${pointsOf(first)[0]?.backup}`;
    expect(failed[0]?.error).toContain(advice);
    const told: Manifest = JSON.parse(await readFile(manifestOf(ran), 'utf8'));
    expect(told.failed.map(({ id }) => id)).toEqual([ids[0]]);

    const none = expectExit(await backUp('name:q-*', '--json'), 1);
    expect(none.json['failed']).toHaveLength(3);
    expect(pointsOf(none)).toEqual([]);
  },
};

/**
 * Asked by the test itself, for a snapshot that is not there. Where Cinder does not enforce the newer defaults of its
 * policies (`enforce_new_defaults`, false before 2024.2 unless the operator says otherwise), all roles of a project may
 * do everything.
 */
async function mayBackUp(world: World, user: Person, volumeId: string): Promise<boolean> {
  const cinder = await (await world.session(user)).service('block-storage');
  const snapshotId = '11111111-1111-4111-8111-111111111111';
  const asked = createBackup(cinder, {
    volumeId,
    snapshotId,
    name: 'asked',
    incremental: false,
    force: true,
  });
  const error: unknown = await asked.catch((failure: unknown) => failure);
  if (!hasStatus(error, 403) && !hasStatus(error, 404)) throw error;
  return hasStatus(error, 404);
}

export const rights: Scenario = {
  name: 'a key that the user may not read fails its volume before anything starts, with the missing role named',
  async run(world) {
    const plain = await world.makeVolume({ name: 'rights-plain' });
    await world.makeKeyPrivate(await world.makeVolume({ name: 'rights-luks', type: 'luks' }));
    const before = await inventory(world);
    const alone = await world.tool(['backup-volume', '--volumes', 'rights-luks'], { user: 'nokeys' });
    expect(expectExit(alone, 1).stderr).toContain('the role `creator`');
    expect(await inventory(world)).toEqual(before);
    const both = await world.tool(['backup-volume', '--volumes', 'name:rights-*', '--json'], {
      user: 'nokeys',
    });
    expect(JSON.stringify(expectExit(both, 1).json['failed'])).toContain('cannot be read');
    expect(pointsOf(both).map(({ name }) => name)).toEqual(['rights-plain']);
    const reader = await world.tool(['backup-volume', '--volumes', 'rights-plain'], { user: 'reader' });
    if (await mayBackUp(world, 'reader', plain))
      expect(expectExit(reader, 0).stderr).toContain('is available');
    else expect(expectExit(reader, 1).stderr).toContain('HTTP 403');
  },
};

export const volumesScenarios: readonly Scenario[] = [chains, maxChain, overwrite];

/** What is found before anything is touched. */
export const volumesRefusals: readonly Scenario[] = [
  refusals,
  badInput,
  alteredManifest,
  dryRun,
  quota,
  rights,
];
