import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { GATEWAY } from '../cloud/buckets.ts';
import { realWorld } from '../cloud/world.ts';
import { s3Request } from '../fakes/s3/client.ts';
import { type Keeper, makeKeeper, manifestIn } from '../scenarios/sealed.ts';
import { expectExit, manifestOf, type Scenario } from '../scenarios/steps.ts';
import { suite } from '../scenarios/suite.ts';
import type { World } from '../scenarios/world.ts';
import type { Ran } from '../support/tool.ts';

/** A store off the cloud, and another program that copies it. */
interface Store {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  copy(directory: string): Promise<void>;
}

const NIGHTS = 5;
const KEPT = 3;
const READER = join(import.meta.dirname, '../../docs/read-store.py');

async function s3Store(): Promise<Store> {
  const bucket = `nights-${randomBytes(6).toString('hex')}`;
  await s3Request(GATEWAY, 'PUT', `/${bucket}`);
  return {
    words: [
      '--store',
      `s3://${bucket}/cloud`,
      '--s3-endpoint',
      GATEWAY.endpoint,
      '--s3-region',
      GATEWAY.region,
    ],
    environment: { AWS_ACCESS_KEY_ID: GATEWAY.id, AWS_SECRET_ACCESS_KEY: GATEWAY.secret },
    async copy(directory) {
      for (let after = ''; ; ) {
        const query = { 'list-type': '2', 'start-after': after };
        const xml = String(await s3Request(GATEWAY, 'GET', `/${bucket}`, { query }));
        const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
        for (const key of keys)
          await write(
            join(directory, key.replace(/^cloud\//, '')),
            Buffer.from(await s3Request(GATEWAY, 'GET', `/${bucket}/${key}`)),
          );
        if (!xml.includes('<IsTruncated>true')) return;
        after = keys.at(-1) ?? '';
      }
    },
  };
}

async function swiftStore(world: World): Promise<Store> {
  const container = `nights-${randomBytes(6).toString('hex')}`;
  const openstack = (...words: string[]) =>
    execFileSync('/opt/oscloud/bin/openstack', words, {
      env: { ...process.env, ...world.environment('demo') },
      encoding: 'utf8',
    });
  openstack('container', 'create', container);
  return {
    // The other project cannot read the container: its owner does.
    words: ['--store', `swift://${container}/cloud`, '--store-cloud', 'owner'],
    environment: { OS_CLIENT_CONFIG_FILE: await cloudsYaml(world) },
    async copy(directory) {
      await mkdir(directory, { recursive: true });
      for (const name of openstack('object', 'list', container, '--all', '-f', 'value').trim().split('\n')) {
        const file = join(directory, name.replace(/^cloud\//, ''));
        await mkdir(dirname(file), { recursive: true });
        openstack('object', 'save', '--file', file, container, name);
      }
    },
  };
}

async function cloudsYaml(world: World): Promise<string> {
  const names = {
    USERNAME: 'username',
    PASSWORD: 'password',
    PROJECT_NAME: 'project_name',
    AUTH_URL: 'auth_url',
  };
  const domains = { USER_DOMAIN_NAME: 'user_domain_name', PROJECT_DOMAIN_NAME: 'project_domain_name' };
  const given = world.environment('demo');
  const auth = Object.entries({ ...names, ...domains }).map(([from, to]) => [to, given[`OS_${from}`]]);
  const path = join(world.directory, 'clouds.yaml');
  const clouds = { owner: { auth: Object.fromEntries(auth), region_name: given['OS_REGION_NAME'] } };
  await writeFile(path, JSON.stringify({ clouds }), { mode: 0o600 });
  return path;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** The disks of a night, by the name of their volume. */
interface Night {
  readonly ran: Ran;
  readonly digests: Readonly<Record<string, { readonly size: number; readonly digest: string }>>;
}

const nights = (kind: string, open: (world: World) => Promise<Store>): Scenario => ({
  name: `a server with a plain and an encrypted volume, five nights into ${kind}, pruned to three: each comes back into another project, with all in the cloud deleted`,
  async run(world) {
    const store = await open(world);
    const keeper = await makeKeeper();
    const environment = { ...store.environment, STORE_KEY: randomBytes(32).toString('hex') };
    const tool = (...words: string[]) => world.tool([...words, ...store.words, '--json'], { environment });
    const volumes = {
      root: await world.makeVolume({ name: 'root', bootable: true, content: randomBytes(20 << 20) }),
      vault: await world.makeVolume({ name: 'vault', type: 'luks', content: randomBytes(20 << 20) }),
    };
    const server = await world.makeServer({
      name: 'shop',
      rootVolume: volumes.root,
      volumes: [{ id: volumes.vault }],
    });
    const all: Night[] = [];
    for (let night = 0; night < NIGHTS; night += 1) {
      for (const id of Object.values(volumes)) await world.write(id, (8 + night) << 20, randomBytes(100_000));
      const digests = await digestsOf(world, volumes);
      const ran = await tool(
        ...['backup-server', '--servers', server.id, '--method', 'image'],
        ...['--recipients', keeper.recipient, '--store-key', 'env:STORE_KEY'],
      );
      expectSent(expectExit(ran, 0), `${kind}, night ${night}`, night === 0 ? 64 << 20 : 2 << 20);
      all.push({ ran, digests });
    }
    const pruned = expectExit(await tool('prune', '--keep-last', '3', '--allow-unsigned'), 0);
    process.stdout.write(`${kind}, pruned: ${(pruned.json['deleted'] as unknown[]).length}\n`);

    await server.remove();
    for (const id of Object.values(volumes)) await world.removeVolume(id);
    expect(await world.leftBehind()).toEqual({});
    for (const old of all.slice(0, -KEPT))
      expect((await bring(world, keeper, store, old, 'root', environment)).code).not.toBe(0);
    for (const night of all.slice(-KEPT))
      for (const [name, { size, digest }] of Object.entries(night.digests)) {
        const restored = await bring(world, keeper, store, night, name, environment);
        const back = String(expectExit(restored, 0).json['volume-id']);
        // A LUKS header may lie behind what Cinder calls its size: then the new device is longer.
        expect([name, await world.digest(back, size)]).toEqual([name, digest]);
        await world.removeVolume(back, 'small');
      }
    await byReader(world, keeper, store, all.slice(-KEPT));
  },
});

async function digestsOf(world: World, volumes: Readonly<Record<string, string>>): Promise<Night['digests']> {
  const all: Record<string, { size: number; digest: string }> = {};
  for (const [name, id] of Object.entries(volumes))
    all[name] = { size: await world.deviceSize(id), digest: await world.digest(id) };
  return all;
}

function expectSent({ json }: Ran, what: string, most: number): void {
  const points = json['restore-points'] as { name: string; sent?: number }[];
  const sent = points.flatMap(({ name, sent: bytes }) => (bytes === undefined ? [] : [{ name, bytes }]));
  process.stdout.write(`${what}: ${JSON.stringify(sent)}\n`);
  expect(sent.map(({ name }) => name).sort()).toEqual(['root', 'vault']);
  for (const { bytes } of sent) expect(bytes).toBeLessThan(most);
}

const bring = (
  world: World,
  keeper: Keeper,
  store: Store,
  { ran }: Night,
  volume: string,
  environment: Readonly<Record<string, string>>,
): Promise<Ran> =>
  world.tool(
    [
      ...['restore-volume', '--manifest', manifestOf(ran), '--volume', volume, '--allow-unsigned'],
      ...['--allow-other-project', '--identity', 'env:IDENTITY', ...store.words, '--json'],
    ],
    { user: 'small', environment: { ...environment, ...keeper.environment } },
  );

/** Without openstack-backup: the store copied by another program, and read by Python, `age` and `zstd`. */
async function byReader(
  world: World,
  { environment: { IDENTITY } }: Keeper,
  store: Store,
  kept: readonly Night[],
): Promise<void> {
  const copied = join(world.directory, 'copied');
  await store.copy(copied);
  const identity = join(world.directory, 'identity.txt');
  await writeFile(identity, IDENTITY, { mode: 0o600 });
  for (const [at, { ran, digests }] of kept.entries())
    for (const point of (await manifestIn(ran)).restorePoints) {
      if (point.method !== 'image' || point.payload === null) continue;
      const disk = join(world.directory, `${at}-${point.resource.name}`);
      execFileSync('python3', [READER, copied, point.payload.name, '-i', identity, '-o', disk]);
      expect([point.resource.name, await sha256(disk)]).toEqual([
        point.resource.name,
        digests[point.resource.name]?.digest,
      ]);
    }
}

suite(
  'five nights off the real cloud',
  [nights('S3', s3Store), nights('Swift', swiftStore)],
  realWorld,
  3_600_000,
);
