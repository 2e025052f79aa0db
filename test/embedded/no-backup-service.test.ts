import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import type { Command } from '../../src/commands/command.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { backUp, expectExit } from '../scenarios/steps.ts';
import { bringBack, readManifest, volumePoint } from '../scenarios/volume-images.ts';
import { fastClock, runInProcess } from '../support/in-process.ts';

const NAMES = ['plain', 'used', 'luks'] as const;

async function withVolumes(
  noBackupService: true | 'silent',
  use: (world: EmbeddedWorld, ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const world = await embeddedWorld({
    gibBytes: 8 * 1024 ** 2,
    noBackupService,
    capabilities: { luksHeaderInside: true },
  });
  try {
    const ids: string[] = [];
    for (const name of NAMES) {
      const type = name === 'luks' ? 'luks' : 'standard';
      ids.push(await world.makeVolume({ name, type, content: randomBytes(10_000) }));
    }
    await world.attach(ids[1] ?? '');
    await use(world, ids);
  } finally {
    await world.close();
  }
}

const asked = ({ cloud }: EmbeddedWorld) =>
  cloud.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/backups'));

describe('a cloud without a backup service', () => {
  test('method auto saves all volumes as images, and asks for one backup only', async () => {
    await withVolumes(true, async (world, ids) => {
      const digests = await Promise.all(ids.map((id) => world.digest(id)));
      const ran = await backUp(world, ids, '--concurrency', '1');
      expect(asked(world)).toHaveLength(1);
      expect(ran.stderr).toContain('is saved as an image');
      const manifest = await readManifest(ran);
      for (const name of NAMES)
        expect(volumePoint(manifest, name)).toMatchObject({
          method: 'image',
          image: { kept: true },
          reason: 'no backup service answers',
        });
      for (const [at, name] of NAMES.entries())
        expect([name, await world.digest(await bringBack(world, ran, name))]).toEqual([name, digests[at]]);
    });
  }, 60_000);

  test('method cinder-backup fails, and makes no image', async () => {
    await withVolumes(true, async (world, ids) => {
      const before = world.cloud.state.images.size;
      const words = ['backup-volume', '--volumes', ids.join('\n'), '--method', 'cinder-backup', '--json'];
      const ran = expectExit(await world.tool(words), 1);
      expect(ran.stderr).toContain('Service not found for creating backup');
      expect(ran.json['failed']).toHaveLength(NAMES.length);
      expect(world.cloud.state.images.size).toBe(before);
    });
  }, 60_000);

  test('one that takes nothing up holds the volume that it was asked for; the others are saved as images', async () => {
    await withVolumes('silent', async (world, ids) => {
      const { cloud, directory } = world;
      const told = await runInProcess(
        backupVolume as Command,
        { volumes: ids.join('\n'), concurrency: '1' },
        { environment: cloud.openrc(), directory, clock: fastClock(1000) },
      );
      world.heard(told.log);
      expect(asked(world)).toHaveLength(1);
      expect(told.code).toBe(1);
      expect(told.outputs['failed']).toContain('no backup service started it');
      expect(cloud.state.volumes.get(ids[0] ?? '')?.status).toBe('backing-up');
      const saved: { name: string; method: string }[] = JSON.parse(told.outputs['restore-points'] ?? '[]');
      expect(saved.map(({ name, method }) => [name, method])).toEqual([
        ['used', 'image'],
        ['luks', 'image'],
      ]);
    });
  }, 60_000);
});
