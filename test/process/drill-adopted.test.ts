import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { drill } from '../../src/commands/drill.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { bootDisk } from '../support/boot-sector.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { newIn, standing } from '../support/standing.ts';

const store = 'directory:openstack-backups/payloads';

let world: EmbeddedWorld;
let run: Runner;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  run = runnerOf(world);
  const bytes = bootDisk('Welcome to db', 64 * 1024);
  const id = world.cloud.seed.addVolume({ name: 'db', bootable: true, bytes }).id;
  const saved = await run(backupVolume, { volumes: id, store, method: 'image' });
  expect([saved.code, saved.error]).toEqual([0, '']);
}, 60_000);
afterAll(() => world.close());

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 2000; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it never came');
}

const booted = () =>
  run(drill, {
    level: 'boot',
    store,
    network: 'private',
    expect: 'Welcome',
    check: 'sleep 1',
    'boot-timeout': '30',
    'allow-unsigned': 'true',
  });

test('what a person takes over while a drill runs stays; what only looks like ours, too', async () => {
  const { state, seed } = world.cloud;
  const before = standing(world.cloud);
  const drilling = booted();
  const server = await until(() => [...state.servers.values()].find(({ status }) => status === 'ACTIVE'));
  const volume = await until(() =>
    [...state.volumes.values()].find(({ attachments }) => attachments.length > 0),
  );
  const { description } = volume;
  expect(description).toMatch(/^openstack-backup temporary /);
  // Somebody needs just this disk, and says so by its name; and has copied ours to a disk of their own.
  Object.assign(volume, { name: 'mine now', description: '' });
  const own = seed.addVolume({ name: 'own' });
  const copy = state.volumes.get(own.id);
  Object.assign(copy ?? {}, { description });
  const told = await drilling;
  await world.cloud.ticks.settle();
  expect([told.code, told.outputs['result']]).toEqual([0, 'passed']);
  expect(state.servers.has(server.id)).toBe(false);
  expect(told.log).toContain(`volume ${volume.id}, made for the drill, bears no record`);
  expect(newIn(world.cloud, before)).toHaveLength(2);

  const again = await booted();
  await world.cloud.ticks.settle();
  expect([again.code, again.outputs['result']]).toEqual([0, 'passed']);
  expect([state.volumes.has(volume.id), state.volumes.has(own.id)]).toEqual([true, true]);
  expect(newIn(world.cloud, before)).toHaveLength(2);
}, 60_000);
