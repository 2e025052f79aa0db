import { field, id, text } from '../../src/decode.ts';
import {
  getVolume,
  setImageMetadata,
  unsetImageMetadata,
} from '../../src/openstack/blockstorage/v3/volumes.ts';
import { readBytes } from '../../src/openstack/body.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { nothing } from '../../src/openstack/service.ts';
import { SparseBytes } from '../fakes/cloud/bytes.ts';
import { openLuks1, passphraseOf } from '../fakes/cloud/luks.ts';
import { secretBytes } from '../scenarios/fixtures/secrets.ts';
import { volumeBecomes } from '../scenarios/fixtures/volumes.ts';
import { OLDER } from '../support/cloud-paths.ts';
import { MIB } from './devices.ts';

/** A detached volume's beginning as a user gets at it: uploaded as an image, downloaded, opened with the key that the image names. */
export async function contentThroughImage(
  session: Session,
  volumeId: string,
  length: number,
  hunt: (key: Buffer) => void,
): Promise<Buffer> {
  const cinder = await session.service('block-storage');
  const glance = await session.service('image');
  // Cinder 24.5 stumbles over a volume whose image had no properties: https://bugs.launchpad.net/cinder/+bug/2144550
  const imageMetadata = OLDER ? (await getVolume(cinder, volumeId)).imageMetadata : {};
  const isOfAnImage = Object.keys(imageMetadata).length > 0;
  if (isOfAnImage) await setImageMetadata(cinder, volumeId, { proof: 'true' });
  const imageId = await cinder.call({
    doing: 'upload a volume',
    method: 'POST',
    path: `/volumes/${volumeId}/action`,
    json: {
      'os-volume_upload_image': {
        image_name: 'proof',
        disk_format: 'raw',
        container_format: 'bare',
        force: false,
      },
    },
    ok: [202],
    decode: (answer) => id(field(answer, 'os-volume_upload_image'), 'image_id'),
  });
  await volumeBecomes(session, volumeId, 'available');
  if (isOfAnImage) await unsetImageMetadata(cinder, volumeId, 'proof');
  const keyId = await glance.call({
    doing: 'read an image',
    method: 'GET',
    path: `/images/${imageId}`,
    ok: [200],
    decode: (image) => {
      if (text(image, 'status') !== 'active') throw new TypeError(`the image is ${text(image, 'status')}`);
      const property = image['cinder_encryption_key_id'];
      return typeof property === 'string' ? property : undefined;
    },
  });
  const answer = await glance.open({
    doing: 'download an image',
    method: 'GET',
    path: `/images/${imageId}/file`,
    headers: { accept: 'application/octet-stream', range: `bytes=0-${8 * MIB + length}` },
    ok: [200, 206],
  });
  const head = await readBytes(answer.body, 16 * MIB + length);
  const key = keyId === undefined ? undefined : await secretBytes(session, keyId);
  await glance.call({
    doing: 'delete an image',
    method: 'DELETE',
    path: `/images/${imageId}`,
    ok: [204],
    decode: nothing,
  });
  if (key === undefined) return head.subarray(0, length);
  hunt(key);
  const opened = openLuks1(SparseBytes.from(head), passphraseOf(key));
  if (opened === undefined) throw new Error(`the key of the image of volume ${volumeId} does not open it`);
  return opened.readPlain(0, length);
}
