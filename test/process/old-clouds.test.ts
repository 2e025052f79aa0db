import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { runnerOf } from '../support/faults.ts';
import { leftovers, StruckVolumes } from '../support/struck-volumes.ts';

const worlds = new StruckVolumes();
afterEach(() => worlds.close(), 60_000);

describe('old clouds', () => {
  test.each(['3.42', '3.46', '3.50', '3.62', '3.63', '3.66', '3.70'])(
    'Cinder %s: features degrade, data does not',
    async (cinderMax) => {
      const world = await worlds.world({ cinderMax });
      const run = runnerOf(world);
      for (const type of ['standard', 'luks'] as const) {
        const id = await world.makeVolume({ name: type, type, content: randomBytes(10_000) });
        const detach = type === 'standard' ? await world.attach(id) : async () => undefined;
        const saved = await run(backupVolume, { volumes: id });
        expect([saved.code, saved.outputs['failed']]).toEqual([0, '[]']);
        await detach();
        const digest = await world.digest(id);
        const restored = await run(restoreVolume, {
          manifest: saved.outputs['manifest'] ?? '',
          'allow-unsigned': 'true',
        });
        expect([restored.code, restored.error]).toEqual([0, '']);
        expect(await world.digest(restored.outputs['volume-id'] ?? '')).toBe(digest);
      }
      expect(leftovers(world)).toEqual([]);
    },
    30_000,
  );
});
