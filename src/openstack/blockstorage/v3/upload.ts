import { field, id } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';

/**
 * Starts to upload a volume to a new image, raw and bare. Done when the volume has left `uploading` and the image is
 * `active`; when it fails, Cinder deletes the image (404) and leaves a user message.
 *
 * The volume must be `available`: Cinder clones the key of an encrypted volume before it looks at the state, and a
 * refused upload leaves that clone behind.
 * https://github.com/openstack/cinder/blob/master/cinder/volume/api.py `copy_volume_to_image`
 *
 * @param imageName 1 to 255 characters; the request can give the image nothing else
 * @returns the id of the image
 */
export function uploadToImage(client: ServiceClient, volumeId: string, imageName: string): Promise<string> {
  return client.call({
    doing: `upload volume ${volumeId} to an image`,
    method: 'POST',
    path: `/volumes/${encodeURIComponent(volumeId)}/action`,
    json: {
      'os-volume_upload_image': {
        image_name: imageName,
        disk_format: 'raw',
        container_format: 'bare',
      },
    },
    ok: [202],
    decode: (answer) => id(field(answer, 'os-volume_upload_image'), 'image_id'),
  });
}
