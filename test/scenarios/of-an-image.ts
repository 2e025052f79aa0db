import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { createVolume, getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import { volumeBecomes } from './fixtures/volumes.ts';
import { backUp, type Scenario } from './steps.ts';
import { bringBack, readManifest, volumePoint } from './volume-images.ts';

/** Which Cinder 24.5 to 28 cannot upload as they are: https://bugs.launchpad.net/cinder/+bug/2144550 */
const ofAnImage = (kind: string, volumeType: 'standard' | 'luks'): Scenario => ({
  name: `a volume of an image without properties of its own, ${kind}: saved as an image and brought back`,
  async run(world) {
    const content = randomBytes(100_000);
    const session = await world.session();
    const cinder = await session.service('block-storage');
    const imageId = await world.makeImage({ name: 'bare', bytes: content });
    const name = `of-an-image-${volumeType}`;
    const { id } = await createVolume(cinder, { size: 1, name, imageId, volumeType });
    await volumeBecomes(session, id, 'available');
    const before = await getVolume(cinder, id);
    expect(before.imageMetadata['image_name']).toBe('bare');
    const ran = await backUp(world, [id], '--method', 'image');
    expect(await getVolume(cinder, id)).toEqual({ ...before, updatedAt: expect.anything() });
    const point = volumePoint(await readManifest(ran), name);
    expect(point).toMatchObject({ method: 'image', consistency: 'offline' });
    const kept = point.method === 'image' ? point.image.id : '';
    const { properties } = await getImage(await session.service('image'), kept);
    expect(Object.keys(properties).filter((key) => key.startsWith('openstack_backup'))).toEqual([
      'openstack_backup_point',
    ]);
    // Nothing of a temporary copy.
    expect(await world.leftBehind()).toEqual({ volumes: [id], images: [imageId, kept].sort() });
    await world.removeVolume(id);
    const restored = await bringBack(world, ran, name);
    expect((await world.content(restored, content.length)).equals(content)).toBe(true);
    expect((await getVolume(cinder, restored)).imageMetadata).toEqual(before.imageMetadata);
  },
});

export const ofPlainImage = ofAnImage('plain', 'standard');
export const ofImages: readonly Scenario[] = [ofPlainImage, ofAnImage('encrypted', 'luks')];
