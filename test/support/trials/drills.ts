import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { backupImage } from '../../../src/commands/backup-image.ts';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import type { Command } from '../../../src/commands/command.ts';
import { drill } from '../../../src/commands/drill.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { GitHub } from '../../../src/ports/github.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import { bootDisk } from '../boot-sector.ts';
import type { Trial, Trials } from '../every-request.ts';
import { runnerOf } from '../faults.ts';
import { fastClock, runInProcess } from '../in-process.ts';
import { handRoom } from '../openstack-client/index.ts';

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';

/** With the label of swap space. */
function swap(): Buffer {
  const bytes = randomBytes(50_000);
  bytes.write('SWAPSPACE2', 4086);
  return bytes;
}

const opened = () =>
  embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });

/** @param given of the backup of an encrypted volume with something on it that is known */
async function volume(given: Readonly<Record<string, string>>): Promise<Trial> {
  const world = await opened();
  const { id } = world.cloud.seed.addVolume({ name: 'vault', type: 'luks', bytes: swap() });
  return drilled(world, backupVolume, { volumes: id, ...given });
}

/** A server with a disk of its own, and an encrypted volume. */
async function server(): Promise<Trial> {
  const world = await opened();
  const { seed } = world.cloud;
  const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: 'base' });
  const disk = seed.addVolume({ name: 'data', type: 'luks', bytes: swap() });
  const { id, root } = seed.addServer({ name: 'web', image, volumes: [disk] });
  root?.write(0, swap());
  return drilled(world, backupServer, { servers: id, method: 'cinder-backup' }, { server: id });
}

/** The image of an encrypted volume. */
async function image(): Promise<Trial> {
  const world = await opened();
  const { seed, state } = world.cloud;
  const { data, encryptionKeyId } = seed.addVolume({ name: 'vault', type: 'luks', bytes: swap() });
  const { payload } = state.secrets.get(encryptionKeyId ?? '') ?? {};
  const key = seed.addSecret(payload ?? Buffer.of(), {
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
  });
  const { id } = await seed.addImage(data.clone(), {
    name: 'vault',
    properties: {
      cinder_encryption_key_id: key.id,
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
    },
  });
  return drilled(world, backupImage, { images: id }, { image: id });
}

async function drilled(
  world: EmbeddedWorld,
  backup: unknown,
  given: Readonly<Record<string, string>>,
  which: Readonly<Record<string, string>> = {},
): Promise<Trial> {
  const run = runnerOf(world);
  const saved = await run(backup, { store, recipients, ...given });
  expect([saved.code, saved.error]).toEqual([0, '']);
  return {
    world,
    run: () => run(drill, { level: 'volume', store, identity, seed: '1', ...which }),
    prove: async ({ code, outputs }) => {
      if (code === 0) expect(outputs).toMatchObject({ passed: 'true', reached: 'L3' });
      else expect(outputs['passed']).not.toBe('true');
      return [];
    },
  };
}

/** Of a server with a disk of each kind, in a network. */
async function boots(): Promise<Trial> {
  const { world, run } = await bootable();
  return {
    world,
    run: () => run(drill, BOOT),
    prove: async ({ code, outputs }) => {
      // A console that may not be read is none.
      if (code === 0)
        expect(['passed L4', 'no output ']).toContain(`${outputs['result']} ${outputs['reached']}`);
      else expect(outputs['passed']).not.toBe('true');
      return [];
    },
  };
}

const BOOT = {
  level: 'boot',
  store,
  network: 'private',
  expect: 'login:',
  'boot-timeout': '1',
  seed: '1',
};

/** The same, whose server is left to later steps, and the post step: both as one run. */
async function held(): Promise<Trial> {
  const { world } = await bootable();
  return {
    world,
    async run() {
      let kept = '';
      const of = (verdict: string) => ({
        environment: { ...world.cloud.openrc(), GITHUB_STATE: 'kept' },
        directory: world.directory,
        github: {
          here: {},
          verdict,
          remember(_name: string, value: string) {
            kept = value;
          },
        } as unknown as GitHub,
      });
      const raw = { ...BOOT, hold: '30', manifest: 'directory:openstack-backups' };
      const main = await runInProcess(drill as unknown as Command, raw, of('success'));
      world.heard(JSON.stringify(main) + kept);
      if (kept === '') return main;
      const post = await runInProcess(drill as unknown as Command, raw, {
        ...of(main.code === 0 ? 'success' : 'failure'),
        kept,
      });
      world.heard(JSON.stringify(post));
      // A step that failed stays so, whatever its post step does.
      return main.code === 0 ? { ...post, log: main.log + post.log } : { ...main, log: main.log + post.log };
    },
    prove: async ({ code, log, outputs }) => {
      if (code === 0) expect(log).toMatch(/Drill of .*: passed|decides nothing/);
      else expect(outputs['passed']).not.toBe('true');
      return [];
    },
  };
}

async function bootable() {
  const world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  const run = runnerOf(world);
  const { seed } = world.cloud;
  const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: 'base' });
  const data = seed.addVolume({ name: 'data', bytes: randomBytes(50_000) });
  const server = seed.addServer({ name: 'web', image, volumes: [data] });
  server.root?.write(0, bootDisk('web login:', 64 * 1024));
  const saved = await run(backupServer, { servers: 'web', store, method: 'image' });
  expect([saved.code, saved.error]).toEqual([0, '']);
  return { world, run };
}

/** By hand: an encrypted volume in the store, so that a secret, an image and a volume are made. */
async function byHand(): Promise<Trial> {
  const world = await opened();
  const room = await handRoom(world.directory);
  // Its commands take real time.
  const run = runnerOf(world, () => fastClock(50), room);
  const { id } = world.cloud.seed.addVolume({ name: 'vault', type: 'luks', bytes: swap() });
  const saved = await run(backupVolume, { volumes: id, store, recipients, method: 'image' });
  expect([saved.code, saved.error]).toEqual([0, '']);
  const given = { level: 'volume', 'by-hand': 'true', 'allow-unsigned': 'true', volume: id };
  return {
    world,
    run: () => run(drill, { ...given, store, identity, seed: '1' }),
    prove: async ({ code, outputs }) => {
      expect(await readdir(room.TMPDIR)).toEqual([]);
      if (code === 0) expect(outputs).toMatchObject({ passed: 'true', reached: 'L3' });
      else expect(outputs['passed']).not.toBe('true');
      if (outputs['manifest'] !== undefined) await provesNothingOfData(outputs['manifest']);
      return [];
    },
  };
}

/** Whatever fails by hand, the data was as it should be, unless other bytes came back. */
async function provesNothingOfData(manifest: string): Promise<void> {
  const { drilled = [] } = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
  for (const { by, result, why = '' } of drilled)
    if (by !== 'hand') {
      expect(result).toBe('failed');
      expect(why).toMatch(/came back|LUKS header/);
    }
}

const title = 'a fault in the middle of drill, of';

export const storeDrills: Trials = [{ title: `${title} a store`, open: () => volume({ method: 'image' }) }];
export const backupDrills: Trials = [
  { title: `${title} a Cinder backup`, open: () => volume({ method: 'cinder-backup' }) },
];
export const serverDrills: Trials = [{ title: `${title} a server`, open: server }];
export const imageDrills: Trials = [{ title: `${title} an image`, open: image }];
export const handDrills: Trials = [{ title: `${title} one by hand`, open: byHand }];
export const bootDrills: Trials = [{ title: `${title} a server that boots`, open: boots }];
export const heldDrills: Trials = [{ title: `${title} a server that is held`, open: held }];
