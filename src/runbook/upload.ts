import type { ImagePoint, Payload, VolumeImagePoint } from '../manifest/schema.ts';
import { assign, check, command, opened, option, payloadChecks, shown } from './shell.ts';
import { unfinished } from './volume.ts';

/**
 * A new image of a payload's bytes: compared before anything is made of them, piped into the client, and compared with
 * what the cloud then has.
 *
 * @param checksum Glance's MD5 of the original; without it all of the new image is read back
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
      ? check(`openstack image save ${image} | sha256sum`, `'${payload.sha256}  -'`)
      : check(shown('image', 'checksum', image), checksum),
    ...withoutClientsOwn(image),
  ];
}

/** The properties that the client adds to what it uploads, and Cinder would hand on to volumes. */
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
