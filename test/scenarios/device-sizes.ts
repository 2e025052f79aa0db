import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { createVolume, getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { nothing } from '../../src/openstack/service.ts';
import { volumeBecomes } from './fixtures/volumes.ts';
import { backUp, expectExit, manifestOf, restore, type Scenario } from './steps.ts';
import type { World } from './world.ts';

/**
 * Cinder on RBD puts the LUKS header of an empty volume behind its size, and cuts one that it makes of an image to its size.
 * https://github.com/openstack/cinder/blob/master/cinder/volume/drivers/rbd.py `_create_encrypted_volume`, `_resize`
 */
async function encryptedOfImage(world: World, name: string): Promise<string> {
  const bytes = Buffer.alloc(8 << 20);
  bytes.set(randomBytes(1 << 20), 1 << 20);
  bytes.set(randomBytes(1 << 20), 7 << 20);
  const imageId = await world.makeImage({ name, bytes });
  const session = await world.session();
  const cinder = await session.service('block-storage');
  const { id } = await createVolume(cinder, { size: 1, name, imageId, volumeType: 'luks' });
  await volumeBecomes(session, id, 'available');
  return id;
}

const restoredLarger: Scenario = {
  name: 'an encrypted volume made of an image, backed up and deleted: its device comes back longer by a LUKS header, the whole contents equal when opened with the key',
  async run(world) {
    const id = await encryptedOfImage(world, 'of-image');
    const size = await world.deviceSize(id);
    const [raw, before] = [await world.digest(id), await world.opened(id)];
    const ran = await backUp(world, [id], '--method', 'cinder-backup');
    await world.removeVolume(id);

    const restored = await restore(world, '--manifest', manifestOf(ran), '--volume', 'of-image');
    // So the digest of all of the device is another one, and that of what was saved the same.
    expect(await world.deviceSize(restored)).toBeGreaterThan(size);
    expect(await world.digest(restored)).not.toBe(raw);
    expect(await world.digest(restored, size)).toBe(raw);
    const after = await world.opened(restored, before.bytes);
    expect(after.digest).toBe(before.digest);
    expect(after.bytes - before.bytes).toBe((await world.deviceSize(restored)) - size);
  },
};

const overSmaller: Scenario = {
  name: 'over an encrypted volume made of an image, which is shorter than its size says: told before, and after it was extended all is back',
  async run(world) {
    const content = randomBytes(100_000);
    const id = await world.makeVolume({ name: 'longer', type: 'luks', content });
    const size = await world.deviceSize(id);
    const before = await world.opened(id);
    const ran = await backUp(world, [id], '--method', 'cinder-backup');
    const onto = async (target: string, ...more: string[]) =>
      world.tool([
        'restore-volume',
        '--manifest',
        manifestOf(ran),
        '--to',
        target,
        '--overwrite',
        '--allow-unsigned',
        ...more,
      ]);
    const [first, second] = [
      await encryptedOfImage(world, 'shorter'),
      await encryptedOfImage(world, 'extended'),
    ];
    expect(await world.deviceSize(first)).toBeLessThan(size);
    const warning = (target: string) => `openstack volume set --size 2 ${target}`;
    const planned = expectExit(await onto(first, '--dry-run'), 0);
    expect(planned.stderr).toContain(warning(first));
    const failed = expectExit(await onto(first), 1);
    expect(failed.stderr).toContain(warning(first));
    expect(failed.stderr).toContain('Restore to a new volume by leaving --to out');
    expect(await getVolume(await (await world.session()).service('block-storage'), first)).toMatchObject({
      status: 'error_restoring',
    });

    const session = await world.session();
    await (await session.service('block-storage')).call({
      doing: 'extend a volume',
      method: 'POST',
      path: `/volumes/${second}/action`,
      json: { 'os-extend': { new_size: 2 } },
      ok: [202],
      decode: nothing,
    });
    await volumeBecomes(session, second, 'available');
    const back = expectExit(await onto(second), 0);
    expect(back.stderr).not.toContain(warning(second));
    expect((await world.opened(second, before.bytes)).digest).toBe(before.digest);
  },
};

export const deviceSizes: readonly Scenario[] = [restoredLarger, overSmaller];
