import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import { drill } from '../../../src/commands/drill.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import { bootDisk } from '../boot-sector.ts';
import type { Trial, Trials } from '../every-request.ts';
import { runnerOf } from '../faults.ts';

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';

/** @param given of the backup of an encrypted volume with something on it that is known */
async function drills(given: Readonly<Record<string, string>>): Promise<Trial> {
  const world = await embeddedWorld({
    tickMs: 2,
    gibBytes: SMALL_GIB,
    capabilities: { luksHeaderInside: true },
  });
  const run = runnerOf(world);
  const bytes = randomBytes(50_000);
  bytes.write('SWAPSPACE2', 4086);
  const { id } = world.cloud.seed.addVolume({ name: 'vault', type: 'luks', bytes });
  const saved = await run(backupVolume, { volumes: id, store, recipients, ...given });
  expect([saved.code, saved.error]).toEqual([0, '']);
  return {
    world,
    run: () => run(drill, { level: 'volume', store, identity, seed: '1' }),
    prove: async ({ code, outputs }) => {
      if (code === 0) expect(outputs).toMatchObject({ passed: 'true', reached: 'L3' });
      else expect(outputs['passed']).not.toBe('true');
      return [];
    },
  };
}

export const storeDrills: Trials = [
  { title: 'a fault in the middle of drill, of a store', open: () => drills({ method: 'image' }) },
];
export const backupDrills: Trials = [
  {
    title: 'a fault in the middle of drill, of a Cinder backup',
    open: () => drills({ method: 'cinder-backup' }),
  },
];

/** Of a server with a disk of each kind, in a network. */
async function boots(): Promise<Trial> {
  const world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  const run = runnerOf(world);
  const { seed } = world.cloud;
  const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: 'base' });
  const data = seed.addVolume({ name: 'data', bytes: randomBytes(50_000) });
  const server = seed.addServer({ name: 'web', image, volumes: [data] });
  server.root?.write(0, bootDisk('web login:', 64 * 1024));
  const saved = await run(backupServer, { servers: 'web', store, method: 'image' });
  expect([saved.code, saved.error]).toEqual([0, '']);
  return {
    world,
    run: () =>
      run(drill, {
        level: 'boot',
        store,
        network: 'private',
        expect: 'login:',
        'boot-timeout': '1',
        seed: '1',
      }),
    prove: async ({ code, outputs }) => {
      // A console that may not be read is none.
      if (code === 0)
        expect(['passed L4', 'no output ']).toContain(`${outputs['result']} ${outputs['reached']}`);
      else expect(outputs['passed']).not.toBe('true');
      return [];
    },
  };
}

export const bootDrills: Trials = [
  { title: 'a fault in the middle of drill, of a server that boots', open: boots },
];
