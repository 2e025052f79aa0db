import { randomUUID } from 'node:crypto';
import type { Environment } from '../../environment.ts';
import { withHint } from '../../errors.ts';
import type { ImagePoint, Payload, SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { listMembers, type Member } from '../../openstack/image/v2/members.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import type { DiskFacts } from '../../payload/blocks/save.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { quoted } from '../../text/escape.ts';
import { type SavedKey, saveSecret, withKey } from '../secret/save.ts';
import { conversionOf } from './conversion.ts';
import { saveConverted } from './converted.ts';
import { saveImageData } from './download.ts';
import { Unconverted } from './raw-disk.ts';
import { savedImage } from './record.ts';

export interface SavedImagePoints {
  /** The key first: the image refers to it. */
  readonly points: readonly (SecretPoint | ImagePoint)[];
}

export interface ImageOptions {
  /** Called with the number of bytes as they flow. */
  readonly onBytes: (count: number) => void;
  /** Whether to store the raw disk that an image of another format holds, if the cloud makes one of it. */
  readonly raw: boolean;
  /** Whose disk it is: its blocks are compared with those of the same resource's earlier restore points. Default: the image. */
  readonly of?: DiskFacts['resource'];
}

/**
 * Saves an image: its key, its data, and all that Glance records about it.
 *
 * @throws OperationError; a failed download leaves no data in the store
 */
export async function saveImage(
  image: Image,
  environment: Environment,
  payloads: PayloadStore,
  options: ImageOptions,
): Promise<SavedImagePoints> {
  const { session, clock } = environment;
  const started = clock.now();
  const client = await session.service('image');
  const members = await membersOf(client, image);
  const key = await keyOf(image, environment, payloads);
  const { of: resource = { kind: 'image', id: image.id } } = options;
  const facts = { resource, taken: new Date(started).toISOString() };
  const { id, payload, isConverted } = await withKey(key, payloads, () =>
    saveData(image, environment, facts, payloads, options, key),
  );
  const point: ImagePoint = {
    id,
    resource: savedImage(image, payload.size, members, key?.point, isConverted),
    method: 'download',
    payload,
    seconds: (clock.now() - started) / 1000,
  };
  return { points: key === undefined ? [point] : [key.point, point] };
}

/** As raw if that is wanted and can be had, else as it is. */
async function saveData(
  image: Image,
  environment: Environment,
  facts: Omit<DiskFacts, 'point'>,
  payloads: PayloadStore,
  { onBytes, raw }: ImageOptions,
  key: SavedKey | undefined,
): Promise<{ readonly id: string; readonly payload: Payload; readonly isConverted: boolean }> {
  const what = `image ${quoted(image.name)} (${image.id})`;
  const conversion = raw ? conversionOf(image) : undefined;
  if (conversion !== undefined && 'why' in conversion)
    environment.log.info(`${what} is stored as it is, as ${image.diskFormat}: ${conversion.why}`);
  else if (conversion !== undefined)
    try {
      const id = randomUUID();
      const disk = { ...facts, point: id };
      const payload = await saveConverted(image, conversion, environment, disk, payloads, { what, onBytes });
      return { id, payload, isConverted: true };
    } catch (error) {
      if (!(error instanceof Unconverted)) throw error;
      environment.log.warn(
        `${what} is stored as it is, as ${image.diskFormat}: no raw disk was made of it: ${withHint(error)}`,
      );
    }
  const client = await environment.session.service('image');
  // Another id than the raw disk's, of which the store may have objects.
  const id = randomUUID();
  const payload = await saveImageData(client, image, { ...facts, point: id }, payloads, {
    ...environment,
    what,
    onBytes,
    key: key && { bytes: key.bytes, secretType: key.point.resource.secretType },
  });
  return { id, payload, isConverted: false };
}

async function keyOf(
  image: Image,
  environment: Environment,
  payloads: PayloadStore,
): Promise<SavedKey | undefined> {
  const keyId = image.properties[KEY_ID];
  return keyId === undefined
    ? undefined
    : saveSecret(keyId, [{ kind: 'image', id: image.id, name: image.name }], environment, payloads);
}

/** Glance keeps members of shared images only, and shows them to the owner. */
async function membersOf(client: ServiceClient, image: Image): Promise<SavedImage['members']> {
  if (image.visibility !== 'shared') return [];
  try {
    const members = await listMembers(client, image.id);
    for (const { projectId } of members.filter((member) => !isProject(member)))
      client.session.log.warn(
        `image ${image.id} is shared with ${quoted(projectId)}, which is not a project id: this share is not recorded`,
      );
    return members.filter(isProject).map(({ projectId, status }) => ({ project: projectId, status }));
  } catch (error) {
    if (hasStatus(error, 403, 404)) return [];
    throw error;
  }
}

/** As the manifest takes it: an id of Keystone. */
function isProject({ projectId }: Member): boolean {
  return /^[0-9A-Za-z_-]{1,64}$/.test(projectId);
}
