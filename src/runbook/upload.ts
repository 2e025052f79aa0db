import type { ImagePoint, Payload, VolumeImagePoint } from '../manifest/schema.ts';
import { assign, check, command, opened, option, payloadChecks, shown, wholeCheck } from './shell.ts';
import { unfinished } from './volume.ts';

/**
 * Makes an image from a payload: checks the bytes first, pipes them into the client, and compares the result in the
 * cloud.
 *
 * @param checksum Glance's MD5 of the original; without it, the whole new image is read back
 */
export function uploaded(
  { id }: ImagePoint | VolumeImagePoint,
  payload: Payload,
  checksum: string | null,
  variable: string,
  ...options: readonly string[]
): string[] {
  const image = `"$${variable}"`;
  return [
    ...payloadChecks(payload),
    assign(
      variable,
      `${opened(payload)} |`,
      'openstack image create --private',
      ...options,
      '-f value -c id',
      unfinished(id),
    ),
    check(shown('image', 'size', image), String(payload.size)),
    checksum === null
      ? wholeCheck(`openstack image save ${image}`, payload)
      : check(shown('image', 'checksum', image), checksum),
    ...withoutClientsOwn(image),
  ];
}

/** Removes the properties that the client adds to uploads, as Cinder would copy them to volumes. */
function withoutClientsOwn(image: string): string[] {
  const own = ['md5', 'sha256', 'object'].flatMap((name) =>
    option('property', `owner_specified.openstack.${name}`),
  );
  return [
    `if openstack image show ${image} | grep owner_specified.openstack.md5 > /dev/null; then`,
    `  ${command('openstack image unset', ...own, image)}`,
    'fi',
  ];
}
