import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { TEMPORARY_PROPERTY } from '../../src/temporaries/tags.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import { describeWith } from '../support/installed.ts';
import { CLIENT, handRoom } from '../support/openstack-client/index.ts';
import { standing } from '../support/standing.ts';

const keeper = await makeKeeper();
let world: EmbeddedWorld;
let environment: Readonly<Record<string, string>>;
let before: ReadonlyMap<string, string>;
let rooms: string;

const run = async (code: number, ...words: string[]) =>
  expectExit(await world.tool(words, { environment }), code);
const drill = async (code: number, ...words: string[]) =>
  (
    await run(
      code,
      ...['drill', '--by-hand', '--allow-unsigned', '--level', 'volume', '--pick', 'latest', '--json'],
      ...['--identity', 'env:IDENTITY', ...words],
    )
  ).json;
const recordIn = async (json: Readonly<Record<string, unknown>>) =>
  (JSON.parse(await readFile(String(json['manifest']), 'utf8')) as Manifest).drilled ?? [];

/** With the label of swap space. */
function swap(): Buffer {
  const bytes = randomBytes(50_000);
  bytes.write('SWAPSPACE2', 4086);
  return bytes;
}

async function addVault(): Promise<void> {
  const { seed, state } = world.cloud;
  const { data, encryptionKeyId } = seed.addVolume({ name: 'source', type: 'luks', bytes: swap() });
  const { payload } = state.secrets.get(encryptionKeyId ?? '') ?? {};
  const { id } = seed.addSecret(payload ?? Buffer.of(), {
    ...{ secretType: 'symmetric', algorithm: 'aes', bitLength: 256 },
  });
  await seed.addImage(data.clone(), {
    name: 'vault',
    properties: { cinder_encryption_key_id: id, cinder_encryption_key_deletion_policy: 'on_image_deletion' },
  });
}

describeWith(
  'age',
  'zstd',
  'python3',
  join(CLIENT, 'openstack'),
)('by hand, at `volume`', () => {
  beforeAll(async () => {
    world = await embeddedWorld({ gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });
    const room = await handRoom(world.directory);
    rooms = room.TMPDIR;
    environment = { ...keeper.environment, ...room };
    const { seed } = world.cloud;
    await seed.addImage(SparseBytes.from(swap()), {
      ...{ name: 'base', protected: true, visibility: 'shared', hidden: true, tags: ['a', 'b'] },
      properties: { os_distro: 'debian' },
    });
    await addVault();
    seed.addSecret(Buffer.from(' a text '), {
      ...{ name: 'token', secretType: 'opaque', contentType: 'text/plain', metadata: { team: 'web' } },
      acl: { projectAccess: true, users: [], createdAt: new Date(), updatedAt: new Date() },
    });
    const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: 'root' });
    const data = seed.addVolume({ name: 'data', type: 'luks', bytes: swap() });
    seed.addServer({ name: 'web', image, volumes: [data] }).root?.write(0, swap());
    const away = ['--store', 'directory:openstack-backups/payloads', '--recipients', keeper.recipient];
    await run(0, 'backup-image', '--images', 'base,vault', ...away);
    await run(0, 'export-secret', '--secrets', 'token', ...away);
    await run(0, 'backup-server', '--servers', 'web', '--method', 'image', ...away);
    before = standing(world.cloud);
  }, 120_000);
  afterAll(() => world.close());
  afterEach(async () => {
    await world.cloud.ticks.settle();
    expect([...standing(world.cloud)].sort()).toEqual([...before].sort());
    expect(await readdir(rooms)).toEqual([]);
  });

  const hand = expect.stringMatching(/^by hand: RESTORE\.md, carried out with .*openstack/);
  const same = 'all bytes are what was saved (sha512)';
  test.each([
    ['image', 'base', [same, 'swap space']],
    ['image', 'vault', [same, expect.stringMatching(/^LUKS.*, opened by its saved key$/), 'swap space']],
    ['secret', 'token', ['all bytes of the key are what was saved']],
    [
      'server',
      'web',
      [
        'root disk: all bytes are what was saved (sha512)',
        'root disk: swap space',
        '/dev/vdb: all bytes are what was saved (sha512)',
        expect.stringMatching(/^\/dev\/vdb: LUKS.*, opened by its saved key$/),
        '/dev/vdb: swap space',
      ],
    ],
  ])(
    '%s %s is restored by RESTORE.md, read back, and nothing of it is left',
    async (kind, name, seen) => {
      const json = await drill(0, `--${kind}`, name);
      expect(json).toMatchObject({ kind, name, passed: true, reached: 'L3', seen: [hand, ...seen] });
      const records = await recordIn(json);
      expect(records.map(({ by, result }) => [by, result])).toEqual(
        Array(kind === 'server' ? 3 : 1).fill(['hand', 'passed']),
      );
      // Nobody else was to see it.
      const changes = world.cloud.requests.filter(({ method }) => method !== 'GET');
      const asked = changes.map(
        ({ method, path, body }) => `${method} ${path} ${JSON.stringify(body) ?? ''}`,
      );
      expect(
        asked.filter((one) => /"shared"|hidden"[^}]*true|"protected"[^}]*true|members/.test(one)),
      ).toEqual([]);
      if (kind === 'image') expect(asked.filter((one) => one.includes(`drill of ${name}`))).not.toEqual([]);
    },
    120_000,
  );

  test('no restore point keeps the record of the temporary that its bytes came from', async () => {
    const manifests = join(world.directory, 'openstack-backups');
    const texts = await Promise.all(
      (await readdir(manifests)).map((entry) =>
        readFile(join(manifests, entry, 'manifest.json'), 'utf8').catch(() => ''),
      ),
    );
    expect(texts.join('')).toContain('hw_machine_type');
    expect(texts.join('')).not.toContain(TEMPORARY_PROPERTY);
  });

  test('a server is not booted by hand: refused before anything is looked at', async () => {
    const asked = world.cloud.requests.length;
    const words = ['--server', 'web', '--level', 'boot', '--network', 'none', '--expect', 'login:'];
    const { stderr } = await run(2, 'drill', '--by-hand', '--allow-unsigned', ...words);
    expect(stderr).toContain('--by-hand makes no server');
    expect(world.cloud.requests).toHaveLength(asked);
  });

  test('a flipped bit is a failure of the data, whoever saw it first; an altered RESTORE.md is one of the way', async () => {
    const image = [...world.cloud.state.images.values()].find(({ name }) => name === 'base');
    const folder = join(world.directory, 'openstack-backups/payloads', `image-${image?.id}`, 'data');
    const path = join(folder, (await readdir(folder))[0] ?? '');
    const good = await readFile(path);
    const bad = Buffer.from(good);
    bad[bad.length - 60] = (bad[bad.length - 60] ?? 0) ^ 1;
    await writeFile(path, bad);
    const damaged = await drill(1, '--image', 'base');
    await writeFile(path, good);
    expect(damaged['why']).toContain('is damaged: its SHA-256 differs');
    expect((await recordIn(damaged)).map(({ by, result }) => [by, result])).toEqual([
      ['hand', 'failed'],
      [undefined, 'failed'],
    ]);

    const manifests = join(world.directory, 'openstack-backups');
    for (const entry of await readdir(manifests)) {
      const runbook = join(manifests, entry, 'RESTORE.md');
      const text = await readFile(runbook, 'utf8').catch(() => '');
      if (text.includes(' Image base\n')) await writeFile(runbook, `${text}\n`);
    }
    const altered = await drill(1, '--image', 'base');
    expect((await recordIn(altered)).map(({ by, result }) => [by, result])).toEqual([['hand', 'failed']]);
  }, 120_000);
});
