import type { ImagePoint, KeptImagePoint, SavedImage } from '../manifest/schema.ts';
import { replayable } from '../openstack/image/v2/properties.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import type { Book, Section } from './book.ts';
import { check, command, fence, option, properties, shown } from './shell.ts';
import { unlockParts } from './unlock.ts';
import { uploaded } from './upload.ts';
import { unsettableNote } from './volume.ts';

/**
 * Makes an image from a payload. The key's deletion policy and the protection come last, after all else is restored.
 */
export function imageSection(point: ImagePoint, book: Book): Section {
  const { id, resource, payload } = point;
  const variable = book.variable('image', id);
  const key = book.key(resource.encryption?.key.point);
  const secret = key && book.variable('secret', key.id);
  return {
    title: title(resource),
    body: [
      `It was image \`${resource.id}\`, ${resource.size} bytes. Its data is payload \`${payload.name}\`.`,
      ...(resource.converted === undefined
        ? []
        : [
            `The cloud had converted it: it was ${resource.converted.diskFormat}, ${resource.converted.size} bytes. The disk in it is the same.`,
          ]),
      ...(key === undefined
        ? []
        : [`Its key comes first: section ${book.number(key.id)}, which sets \`${secret}\`.`]),
      ...unsettableNote(replayable(resource.properties).properties),
      fence([
        ...uploaded(
          point,
          payload,
          resource.checksum,
          variable,
          ...option('disk-format', resource.diskFormat),
          ...option('container-format', resource.containerFormat),
          ...option('min-disk', resource.minDisk),
          ...option('min-ram', resource.minRam),
          ...(secret === undefined ? [] : [`--property=cinder_encryption_key_id="$${secret}"`]),
        ),
        ...asItWas(resource, `"$${variable}"`),
      ]),
      ...unlockParts(point, book),
    ],
  };
}

const VISIBILITIES = new Set(['public', 'private', 'community', 'shared']);

function asItWas(saved: SavedImage, image: string): string[] {
  const { name, tags, members, hidden, visibility, encryption } = saved;
  return [
    command(
      'openstack image set',
      ...properties('property', replayable(saved.properties).properties),
      ...tags.flatMap((tag) => option('tag', tag)),
      ...(VISIBILITIES.has(visibility) ? [`--${visibility}`] : []),
      ...(hidden ? ['--hidden'] : []),
      image,
    ),
    ...members.map(({ project }) => `openstack image add project ${image} ${forShell(project)} > /dev/null`),
    command(
      'openstack image set',
      ...(encryption?.deletionPolicy == null
        ? []
        : option('property', `cinder_encryption_key_deletion_policy=${encryption.deletionPolicy}`)),
      ...option('name', name === '' ? null : name),
      saved.protected ? '--protected' : '--unprotected',
      image,
    ),
    ...(name === '' ? [] : [check(shown('image', 'name', image), forShell(name))]),
  ];
}

/** Nothing to restore: only checks that the image is there for the server that needs it. */
export function keptImageSection({ id, resource }: KeptImagePoint, book: Book): Section {
  return {
    title: title(resource),
    body: [
      `It stays in the cloud, as image \`${resource.id}\`, and its data is nowhere else.`,
      fence([
        `${book.variable('image', id)}=${resource.id}`,
        check(shown('image', 'status', resource.id), 'active'),
        check(shown('image', 'size', resource.id), String(resource.size)),
        ...(resource.checksum === null
          ? []
          : [check(shown('image', 'checksum', resource.id), resource.checksum)]),
      ]),
    ],
  };
}

function title({ id, name }: SavedImage): string {
  return `Image ${forMarkdown(name || id)}`;
}
