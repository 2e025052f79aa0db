import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { backupImage } from '../../../src/commands/backup-image.ts';
import { restoreImage } from '../../../src/commands/restore-image.ts';
import { type Image, SparseBytes } from '../../fakes/cloud/index.ts';
import { toQcow2 } from '../../fakes/cloud/qcow2.ts';
import { embeddedWorld } from '../../scenarios/embedded.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import type { Trial, Trials } from '../every-request.ts';
import { runnerOf } from '../faults.ts';
import { sha256, takePoints } from '../payloads.ts';

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;

/** A plain image, and one of an encrypted volume, with a key of its own, that another project may see. */
async function prepared() {
  const world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { cloud } = world;
  const plain = await cloud.seed.addImage(SparseBytes.from(randomBytes(300_000)), { name: 'plain' });
  const volume = cloud.seed.addVolume({ type: 'luks', bytes: randomBytes(1000) });
  const { payload } = cloud.state.secrets.get(volume.encryptionKeyId ?? '') ?? {};
  const key = cloud.seed.addSecret(payload ?? Buffer.of(), {
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
  });
  const [friend] = [...cloud.state.projects.values()].filter(({ name }) => name === 'small');
  const now = new Date();
  const vault = await cloud.seed.addImage(volume.data.clone(), {
    name: 'vault',
    tags: ['t'],
    visibility: 'shared',
    members: new Map([[friend?.id ?? '', { status: 'pending', createdAt: now, updatedAt: now }]]),
    properties: {
      cinder_encryption_key_id: key.id,
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
    },
  });
  return { world, run: runnerOf(world), plain, vault, key };
}

const digestOf = ({ data }: Image) => data?.sha256();

async function backups(): Promise<Trial> {
  const { world, run, plain, vault, key } = await prepared();
  const digests = new Map([
    [plain.id, digestOf(plain)],
    [vault.id, digestOf(vault)],
    [key.id, sha256([key.payload ?? Buffer.of()])],
  ]);
  return {
    world,
    run: () => run(backupImage, { images: `${plain.id}\n${vault.id}`, recipients }),
    prove: async (told) => {
      const points = await takePoints(world, identity);
      for (const point of points)
        expect([point.resource.name, point.opened]).toEqual([
          point.resource.name,
          digests.get(point.resource.id),
        ]);
      expect(points.length === 3).toBe(told.code === 0);
      return [];
    },
  };
}

async function restores(): Promise<Trial> {
  const { world, run, vault, key } = await prepared();
  const saved = await run(backupImage, { images: vault.id, recipients });
  const manifest = saved.outputs['manifest'] ?? '';
  return {
    world,
    run: () => run(restoreImage, { manifest, identity, 'allow-unsigned': 'true' }),
    prove: async ({ code, outputs, log }) => {
      // What has its data is there and told, also where the restore failed behind it.
      if (outputs['image-id'] === undefined) {
        expect(code).not.toBe(0);
        return [];
      }
      const image = world.cloud.state.images.get(outputs['image-id'] ?? '');
      const secret = world.cloud.state.secrets.get(outputs['secret-id'] ?? '');
      if (image === undefined || secret === undefined) throw new Error('it is not there');
      expect(digestOf(image)).toBe(digestOf(vault));
      expect(secret.payload?.equals(key.payload ?? Buffer.of())).toBe(true);
      const { name, visibility, tags } = vault;
      expect(image.status).toBe('active');
      if (code !== 0) {
        expect(log).toContain(`image "${image.name}" (${image.id}) has all its data and is kept`);
        return [image.id, secret.id];
      }
      expect(image).toMatchObject({ name, visibility, tags });
      expect([...image.members.keys()]).toEqual([...vault.members.keys()]);
      return [image.id, secret.id];
    },
  };
}

/** Either as the raw disk, or as it is where the cloud made none. */
async function rawBackups(): Promise<Trial> {
  const { world, run } = await prepared();
  const disk = SparseBytes.from(randomBytes(300_000));
  const image = await world.cloud.seed.addImage(toQcow2(disk), { name: 'guest', diskFormat: 'qcow2' });
  return {
    world,
    run: () => run(backupImage, { images: image.id, recipients, raw: 'true' }),
    prove: async ({ code, log }) => {
      const points = await takePoints(world, identity);
      for (const { resource, opened } of points) {
        if (resource.kind !== 'image') throw new Error('it is no image');
        const isRaw = resource.converted !== undefined;
        expect([resource.diskFormat, opened]).toEqual(
          isRaw ? ['raw', disk.sha256()] : ['qcow2', digestOf(image)],
        );
        if (!isRaw) expect(log).toContain('no raw disk was made of it');
      }
      expect(points.length === 1).toBe(code === 0);
      return [];
    },
  };
}

export const imageBackups: Trials = [
  { title: 'a fault in the middle of backup-image', open: backups },
  { title: 'a fault in the middle of backup-image with raw', open: rawBackups },
];
export const imageRestores: Trials = [{ title: 'a fault in the middle of restore-image', open: restores }];
