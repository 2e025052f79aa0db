import {
  flag,
  id,
  integer,
  type Json,
  moment,
  optionalHex,
  optionalInteger,
  optionalText,
  text,
  texts,
} from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { orGone } from '../../errors.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';
import { createOnce } from '../../retry.ts';
import { nothing } from '../../service.ts';
import { Watcher } from '../../watcher.ts';
import { KEY_ID } from './properties.ts';

// https://docs.openstack.org/api-ref/image/v2/#images

export interface Image {
  readonly id: string;
  readonly name: string;
  /** `queued` until its data is stored, then `active`; users cannot read the data of a `deactivated` one. */
  readonly status: string;
  readonly visibility: string;
  readonly protected: boolean;
  /** Left out of lists unless asked for. */
  readonly hidden: boolean;
  readonly owner: string | undefined;
  /** Bytes; undefined while there is no data. */
  readonly size: number | undefined;
  /** Bytes of the disk that a format like qcow2 holds. */
  readonly virtualSize: number | undefined;
  readonly diskFormat: string | undefined;
  readonly containerFormat: string | undefined;
  /** GiB. */
  readonly minDisk: number;
  /** MiB. */
  readonly minRam: number;
  /** MD5, hex. Absent, like the hash, if Glance never saw the data: a clone inside Ceph. */
  readonly checksum: string | undefined;
  /** `sha512`, with the hash in hex. */
  readonly hash: { readonly algorithm: string; readonly value: string } | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly tags: readonly string[];
  /** What is no field of Glance's own. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface CreateImage {
  /** A UUID that we choose, which makes the create safe to repeat. */
  readonly id: string;
  readonly name: string;
  readonly diskFormat: string;
  readonly containerFormat: string;
  readonly visibility?: string | undefined;
  readonly protected?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  /** GiB. */
  readonly minDisk?: number | undefined;
  /** MiB. */
  readonly minRam?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Those that users may set, see `replayable`. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** A change of one field or property; `name` is a name, not yet a JSON pointer. */
export type ImageChange =
  | { readonly op: 'add' | 'replace'; readonly name: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly name: string };

export const imageUrl = (imageId: string) => `/images/${encodeURIComponent(imageId)}`;

/** @throws CloudError 404 if the project may see none with this id */
export function getImage(client: ServiceClient, imageId: string): Promise<Image> {
  return client.call({
    doing: `read image ${imageId}`,
    method: 'GET',
    path: imageUrl(imageId),
    ok: [200],
    decode: decodeImage,
  });
}

export interface ImageFilter {
  readonly name?: string | undefined;
  /** `public`, `private`, `shared`, `community`, or `all`. By default, what is public or the project's. */
  readonly visibility?: string | undefined;
  readonly owner?: string | undefined;
  readonly tag?: string | undefined;
  /** Lists only hidden images, which are left out otherwise. */
  readonly hidden?: boolean | undefined;
}

/** The images that the project may see, newest first, a page at a time. */
export function listImages(client: ServiceClient, filter: ImageFilter = {}): AsyncGenerator<Image[]> {
  return pages('images', (page) =>
    client.call({
      doing: 'list the images',
      method: 'GET',
      path: '/images',
      query: {
        // Glance reads text before a colon as an operator: https://docs.openstack.org/api-ref/image/v2/
        name: filter.name === undefined ? undefined : `eq:${filter.name}`,
        visibility: filter.visibility,
        owner: filter.owner,
        tag: filter.tag,
        os_hidden: filter.hidden,
        limit: 200,
        ...page,
      },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'images', 'image', decodeImage, BLANK),
        more: optionalText(answer, 'next') !== undefined,
      }),
    }),
  );
}

/** An image without data. If a lost request made it, its id finds it, and it is not made twice. */
export function createImage(client: ServiceClient, image: CreateImage): Promise<Image> {
  const { clock, log, signal } = client.session;
  const create = () =>
    client.call({
      doing: `create image ${image.id}`,
      method: 'POST',
      path: '/images',
      json: {
        ...image.properties,
        id: image.id,
        name: image.name,
        disk_format: image.diskFormat,
        container_format: image.containerFormat,
        visibility: image.visibility,
        protected: image.protected,
        os_hidden: image.hidden,
        min_disk: image.minDisk,
        min_ram: image.minRam,
        tags: image.tags,
      },
      ok: [201],
      decode: decodeImage,
    });
  return createOnce(create, () => orGone(getImage(client, image.id)), { clock, log, signal });
}

/**
 * Makes all changes or none. Tags change as a whole, by `{ op: 'replace', name: 'tags', value: […] }`: a tag with a
 * slash has no address of its own. https://docs.openstack.org/api-ref/image/v2/#update-image
 */
export function updateImage(
  client: ServiceClient,
  imageId: string,
  changes: readonly ImageChange[],
): Promise<Image> {
  return client.call({
    doing: `change image ${imageId}`,
    method: 'PATCH',
    path: imageUrl(imageId),
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    json: changes.map(({ name, ...change }) => ({ ...change, path: pointer(name) })),
    ok: [200],
    // What is removed cannot be removed again (409).
    idempotent: changes.every(({ op }) => op !== 'remove'),
    decode: decodeImage,
  });
}

/** RFC 6901. */
function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * An image that is already gone counts as deleted. Glance also deletes the key in `cinder_encryption_key_id`,
 * whosever it is, if `cinder_encryption_key_deletion_policy` says `on_image_deletion`: `_delete_encryption_key` in
 * https://github.com/openstack/glance/blob/master/glance/api/v2/images.py
 *
 * @throws CloudError 403 for a protected image, 409 for one from which volumes are cloned
 */
export function deleteImage(client: ServiceClient, imageId: string): Promise<void> {
  return client.call({
    doing: `delete image ${imageId}`,
    method: 'DELETE',
    path: imageUrl(imageId),
    ok: [204, 404],
    decode: nothing,
  });
}

/** Watches all images with one request a tick. */
export function watchImages(client: ServiceClient): Watcher<Image> {
  const { clock, log } = client.session;
  return new Watcher({ list: () => listImages(client), get: (id) => getImage(client, id) }, clock, log);
}

/** Every other key of an image is a property. */
const FIELDS = new Set(
  (
    'id name status visibility protected os_hidden owner size virtual_size disk_format container_format min_disk min_ram ' +
    'checksum os_hash_algo os_hash_value created_at updated_at tags self file schema direct_url locations stores'
  ).split(' '),
);

const BLANK = {
  fields: {
    visibility: 'private',
    min_disk: 0,
    min_ram: 0,
    created_at: '1970-01-01T00:00:00Z',
    updated_at: '1970-01-01T00:00:00Z',
  },
  kept: ['owner', KEY_ID],
};

function decodeImage(image: Json): Image {
  const algorithm = optionalText(image, 'os_hash_algo');
  const value = optionalHex(image, 'os_hash_value');
  return {
    id: id(image, 'id'),
    name: optionalText(image, 'name') ?? '',
    status: text(image, 'status'),
    visibility: text(image, 'visibility'),
    protected: flag(image, 'protected'),
    hidden: flag(image, 'os_hidden'),
    owner: optionalText(image, 'owner'),
    size: bytes(image, 'size'),
    virtualSize: bytes(image, 'virtual_size'),
    diskFormat: optionalText(image, 'disk_format'),
    containerFormat: optionalText(image, 'container_format'),
    minDisk: integer(image, 'min_disk'),
    minRam: integer(image, 'min_ram'),
    checksum: optionalHex(image, 'checksum'),
    hash: algorithm === undefined || value === undefined ? undefined : { algorithm, value },
    createdAt: moment(image, 'created_at'),
    updatedAt: moment(image, 'updated_at'),
    tags: texts(image, 'tags'),
    properties: Object.fromEntries(
      Object.entries(image).filter(
        (entry): entry is [string, string] => !FIELDS.has(entry[0]) && typeof entry[1] === 'string',
      ),
    ),
  };
}

function bytes(image: Json, key: string): number | undefined {
  const size = optionalInteger(image, key);
  if (size !== undefined && size < 0) throw new TypeError(`${key} is negative`);
  return size;
}
