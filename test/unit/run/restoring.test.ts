import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { backupImage } from '../../../src/commands/backup-image.ts';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import { exportSecret } from '../../../src/commands/export-secret.ts';
import { restoreVolume } from '../../../src/commands/restore-volume.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { payloadStore } from '../../../src/payload/store.ts';
import { imageRestoring } from '../../../src/restore/image/kind.ts';
import type { RestoringKind } from '../../../src/restore/kind.ts';
import { secretRestoring } from '../../../src/restore/secret/kind.ts';
import { serverRestoring } from '../../../src/restore/server/kind.ts';
import { parseMapping } from '../../../src/restore/server/mapping.ts';
import { volumeRestoring } from '../../../src/restore/volume/kind.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../scenarios/embedded.ts';
import { makeKeeper, STORE } from '../../scenarios/sealed.ts';
import { environmentOn } from '../../support/environment.ts';
import { runnerOf } from '../../support/faults.ts';

// Whole commands, on machines that may be busy.
jest.setTimeout(60_000);

const keeper = await makeKeeper();
const recipients = keeper.recipient;

let world: EmbeddedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open() {
  const opened = await embeddedWorld({ tickMs: 2, gibBytes: 1 << 22 });
  world = opened;
  const { cloud, directory } = opened;
  const session = await opened.session();
  const place = directoryPlace(STORE(opened), {
    run: { id: 'r', owner: 'host:m:b:n:1:1' },
    liveness: async () => 'alive',
    now: () => session.clock.now(),
  });
  const store = payloadStore(place, { identity: keeper.environment.IDENTITY });
  const writes = () => cloud.requests.filter(({ method }) => method !== 'GET').length;

  /** Plans, and carries out what became of the plan on its way to another machine. */
  async function elsewhere<W, C, P, R, O extends string>(
    kind: RestoringKind<W, C, P, R, O>,
    manifest: Manifest,
    wishes: W,
  ): Promise<R> {
    const before = writes();
    const plan = await kind.plan(session, kind.choose(manifest, wishes), wishes, store);
    expect(writes()).toBe(before);
    // Refuses functions, and whatever else is no data.
    const copy = structuredClone(plan);
    const environment = environmentOn(session);
    try {
      return await kind.restore(environment, copy, store, { advance() {}, fail() {}, error() {} });
    } finally {
      await environment.ledger.close();
    }
  }

  async function saved(outputs: Readonly<Record<string, string | undefined>>): Promise<Manifest> {
    const path = join(outputs['manifest'] ?? '');
    return JSON.parse(await readFile(path, 'utf8')) as Manifest;
  }
  return { cloud, directory, run: runnerOf(opened), elsewhere, saved, writes };
}

describe('a plan is a plain record, made without being carried out and carried out without a command', () => {
  test.each(['cinder', 'image'])('of a volume, saved through %s', async (method) => {
    const { cloud, run, elsewhere, saved } = await open();
    const volume = cloud.seed.addVolume({ name: 'db', bytes: randomBytes(10_000) });
    const through = method === 'image' ? { method, store: 'directory:openstack-backups/payloads' } : {};
    const told = await run(backupVolume, { volumes: volume.id, ...through, recipients });
    expect([told.code, told.error]).toEqual([0, '']);
    const nothing = { volume: undefined, backup: undefined, to: undefined, type: undefined };
    const wishes = { ...nothing, overwrite: false, name: 'again', availabilityZone: undefined };
    const restored = await elsewhere(volumeRestoring, await saved(told.outputs), wishes);
    const made = cloud.state.volumes.get(restored.volume.id);
    expect([made?.name, restored.undone, restored.unseen]).toEqual(['again', [], []]);
    expect(made?.data.fingerprint()).toBe(volume.data.fingerprint());
  });

  test('of an image', async () => {
    const { cloud, run, elsewhere, saved } = await open();
    const image = await cloud.seed.addImage(SparseBytes.from(randomBytes(3000)), { name: 'web' });
    const told = await run(backupImage, { images: image.id, recipients });
    const wishes = { image: undefined, name: 'again', wrap: 'auto' } as const;
    const restored = await elsewhere(imageRestoring, await saved(told.outputs), wishes);
    const made = cloud.state.images.get(restored.image.id);
    expect([made?.name, restored.undone]).toEqual(['again', []]);
    expect(made?.hashValue).toBe(image.hashValue);
  });

  test('of a key', async () => {
    const { cloud, run, elsewhere, saved } = await open();
    const secret = cloud.seed.addSecret(randomBytes(32), { name: 'k' });
    const told = await run(exportSecret, { secrets: secret.id, recipients });
    const wishes = { secrets: [], name: 'again' };
    const { restored } = await elsewhere(secretRestoring, await saved(told.outputs), wishes);
    const made = cloud.state.secrets.get(restored.get(secret.id) ?? '');
    expect(made?.name).toBe('again');
    expect(made?.payload?.equals(secret.payload ?? Buffer.alloc(0))).toBe(true);
  });

  test('of a server', async () => {
    const { cloud, run, elsewhere, saved } = await open();
    const disks = [cloud.seed.addVolume({ name: 'root', bootable: true }), cloud.seed.addVolume()];
    const server = cloud.seed.addServer({ name: 'web', volumes: disks });
    const told = await run(backupServer, { servers: server.id });
    const wishes = { server: undefined, name: 'again', mapping: parseMapping([]) };
    const restored = await elsewhere(serverRestoring, await saved(told.outputs), wishes);
    expect(restored).toMatchObject({ failure: undefined, undone: [], server: { name: 'again' } });
    expect(cloud.state.servers.get(restored.server?.id ?? '')?.status).toBe('ACTIVE');
    expect(restored.disks.map(({ isNew }) => isNew)).toEqual([true, true]);
  });
});

test('a dry run shows the plan, and changes nothing', async () => {
  const { cloud, run, writes } = await open();
  const volume = cloud.seed.addVolume({ name: 'db' });
  const { outputs } = await run(backupVolume, { volumes: volume.id });
  const before = [writes(), [...cloud.state.volumes.keys()]];
  const given = { manifest: outputs['manifest'] ?? '', 'allow-unsigned': 'true' };
  const logins = () => cloud.requests.filter(({ path }) => path.endsWith('/auth/tokens')).length;
  const known = logins();
  const told = await run(restoreVolume, given, { dryRun: true });
  expect([told.code, told.error, told.outputs]).toEqual([0, '', {}]);
  expect(told.log).toContain('a new volume "db" of 1 GiB');
  expect([writes() - (logins() - known), [...cloud.state.volumes.keys()]]).toEqual(before);
});
