import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import type { Told } from '../support/in-process.ts';

let world: EmbeddedWorld;
let run: Runner;
beforeEach(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  run = runnerOf(world);
});
afterEach(() => world.close());

async function manifestOf({ outputs }: Told): Promise<Manifest> {
  return JSON.parse(await readFile(outputs['manifest'] ?? '', 'utf8')) as Manifest;
}

describe('what a cloud may have, and seldom has', () => {
  test('a member of an image that is no project: the image is saved, and it is told', async () => {
    const now = new Date();
    const member = { status: 'pending', createdAt: now, updatedAt: now };
    const friend = world.cloud.state.project('small').id;
    const image = await world.cloud.seed.addImage(SparseBytes.from(randomBytes(5000)), {
      visibility: 'shared',
      members: new Map([
        ['a project, or not\n::error::', member],
        [friend, member],
      ]),
    });
    const told = await run(backupImage, { images: image.id });
    expect([told.code, told.error]).toEqual([0, '']);
    expect(told.log).toContain('is shared with "a project, or not\\n::error::", which is not a project id');
    const [point] = (await manifestOf(told)).restorePoints;
    expect(point).toMatchObject({ resource: { members: [{ project: friend, status: 'pending' }] } });
  });

  test.each(['1', '2'])(
    'a volume of two servers is saved once, and both refer to it (%s at a time)',
    async (concurrency) => {
      const { seed, state } = world.cloud;
      const volume = seed.addVolume({ name: 'shared', bytes: randomBytes(1000) });
      const [first, second] = ['one', 'two'].map((name) =>
        seed.addServer({ name, volumes: [seed.addVolume({ bootable: true }), volume] }),
      );
      const told = await run(backupServer, { servers: `${first?.id}\n${second?.id}`, concurrency });
      expect([told.code, told.error]).toEqual([0, '']);
      const { restorePoints } = await manifestOf(told);
      const servers = restorePoints.flatMap((point) => (point.method === 'disks' ? [point] : []));
      const shared = restorePoints.filter(({ resource }) => resource.id === volume.id);
      expect([restorePoints.length, servers.length, shared.length, state.backups.size]).toEqual([5, 2, 1, 3]);
      for (const { resource, consistency, oneMoment } of servers) {
        expect(resource.disks.find((disk) => disk.volume === volume.id)?.point).toBe(shared[0]?.id);
        expect([consistency, oneMoment]).toEqual(['crash', false]);
      }
      expect(state.snapshots.size).toBe(0);
    },
  );
});
