import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../../src/commands/restore-volume.ts';
import type { Volume } from '../../fakes/cloud/index.ts';
import { embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import type { Trial, Trials } from '../every-request.ts';
import { runnerOf } from '../faults.ts';
import { sha256, takePoints } from '../payloads.ts';

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';

/** An encrypted volume in use, and one that is not. */
async function prepared() {
  const world = await embeddedWorld({
    tickMs: 2,
    gibBytes: SMALL_GIB,
    capabilities: { luksHeaderInside: true },
  });
  const { seed } = world.cloud;
  const bytes = randomBytes(50_000);
  const used = seed.addVolume({ name: 'used', type: 'luks', bytes, metadata: { k: 'v' } });
  const free = seed.addVolume({ name: 'free', bytes });
  await world.attach(used.id);
  return { world, run: runnerOf(world), used, free };
}

const digestOf = ({ data }: Volume, length = data.size) => sha256(data.chunks(0, length));

async function backups(): Promise<Trial> {
  const { world, run, used, free } = await prepared();
  const key = world.cloud.state.secrets.get(used.encryptionKeyId ?? '');
  const digests = new Map([
    [used.id, digestOf(used)],
    [free.id, digestOf(free)],
    [key?.id, sha256([key?.payload ?? Buffer.of()])],
  ]);
  return {
    world,
    run: () => run(backupVolume, { volumes: `${used.id}\n${free.id}`, store, recipients }),
    prove: async ({ code }) => {
      const points = await takePoints(world, identity);
      for (const point of points) expect(point.opened).toBe(digests.get(point.resource.id));
      expect(points.length === 3).toBe(code === 0);
      return [];
    },
  };
}

async function keptBackups(): Promise<Trial> {
  const { world, run, used } = await prepared();
  const { images } = world.cloud.state;
  return {
    world,
    run: () => run(backupVolume, { volumes: used.id, method: 'image' }),
    prove: async ({ code }) => {
      const points = await takePoints(world, identity);
      expect(points.length).toBe(code === 0 ? 1 : 0);
      return points.flatMap((point) => {
        const image = point.method === 'image' ? images.get(point.image.id) : undefined;
        if (image?.data == null) throw new Error('there is no image');
        expect(image.data.sha256()).toBe(digestOf(used));
        return [image.id, image.properties['cinder_encryption_key_id'] ?? ''];
      });
    },
  };
}

async function restores(): Promise<Trial> {
  const { world, run, used } = await prepared();
  const saved = await run(backupVolume, { volumes: used.id, store, recipients });
  const manifest = saved.outputs['manifest'] ?? '';
  return {
    world,
    run: () => run(restoreVolume, { manifest, store, identity, 'allow-unsigned': 'true' }),
    prove: async ({ code, outputs, log }) => {
      // What has its data is there and told, also where the restore failed behind it.
      if (outputs['volume-id'] === undefined) {
        expect(code).not.toBe(0);
        return [];
      }
      const volume = world.cloud.state.volumes.get(outputs['volume-id'] ?? '');
      if (volume === undefined) throw new Error('there is no volume');
      expect(digestOf(volume, used.data.size)).toBe(digestOf(used));
      expect(volume.status).toBe('available');
      if (code === 0) expect(volume).toMatchObject({ name: 'used', metadata: { k: 'v' }, description: '' });
      else expect(log).toContain(`volume "${volume.name}" (${volume.id}) has all its data and is kept`);
      return [volume.id, volume.encryptionKeyId ?? ''];
    },
  };
}

export const volumeBackups: Trials = [
  { title: 'a fault in the middle of backup-volume, into a store', open: backups },
  { title: 'a fault in the middle of backup-volume, to an image', open: keptBackups },
];
export const volumeRestores: Trials = [
  { title: 'a fault in the middle of restore-volume, from a store', open: restores },
];
