import { randomUUID } from 'node:crypto';
import type { ImagePoint, SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { listMembers, type Member } from '../../openstack/image/v2/members.ts';
import { KEY_ID, KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import { quoted } from '../../text/escape.ts';
import type { Until } from '../deadline.ts';
import { savedKey } from '../secret/record.ts';
import { type SavedKey, type SecretTools, saveSecret } from '../secret/save.ts';
import { saveImageData } from './download.ts';

/** A key is small; an image ends with the run. */
export interface ImageTools extends SecretTools, Until {}

export interface SavedImagePoints {
  /** The key first: the image refers to it. */
  readonly points: readonly (SecretPoint | ImagePoint)[];
}

/**
 * Saves an image: its key, its data, and all that Glance tells of it.
 *
 * @param onBytes told of bytes as they flow
 * @throws OperationError; of one that fails no data is left in the store
 */
export async function saveImage(
  image: Image,
  tools: ImageTools,
  onBytes: (count: number) => void,
): Promise<SavedImagePoints> {
  const { session, payloads, clock } = tools;
  const started = clock.now();
  const client = await session.service('image');
  const members = await membersOf(client, image);
  const key = await keyOf(image, tools);
  const id = randomUUID();
  const facts = { kind: 'image', point: id, format: image.diskFormat } as const;
  const payload = await saveImageData(client, image, facts, payloads, {
    ...tools,
    what: `image ${quoted(image.name)} (${image.id})`,
    onBytes,
    key: key && { bytes: key.bytes, secretType: key.point.resource.secretType },
  }).catch(async (error: unknown) => {
    // A key without its data is of no use to anybody, and stands in no manifest.
    if (key !== undefined) await payloads.remove(key.point.payload);
    throw error;
  });
  const point: ImagePoint = {
    id,
    resource: savedImage(image, payload.size, members, key?.point),
    method: 'download',
    payload,
    seconds: (clock.now() - started) / 1000,
  };
  return { points: key === undefined ? [point] : [key.point, point] };
}

async function keyOf(image: Image, tools: SecretTools): Promise<SavedKey | undefined> {
  const keyId = image.properties[KEY_ID];
  return keyId === undefined
    ? undefined
    : saveSecret(keyId, [{ kind: 'image', id: image.id, name: image.name }], tools);
}

/** Glance keeps members of shared images only, and shows them to the owner. */
async function membersOf(client: ServiceClient, image: Image): Promise<SavedImage['members']> {
  if (image.visibility !== 'shared') return [];
  try {
    const members = await listMembers(client, image.id);
    for (const { projectId } of members.filter((member) => !isProject(member)))
      client.session.log.warn(
        `image ${image.id} is shared with ${quoted(projectId)}, which is the id of no project: that is not recorded`,
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

/** @param size bytes that were seen to come */
export function savedImage(
  image: Image,
  size: number,
  members: SavedImage['members'],
  key: SecretPoint | undefined,
): SavedImage {
  return {
    kind: 'image',
    id: image.id,
    name: image.name,
    diskFormat: image.diskFormat ?? null,
    containerFormat: image.containerFormat ?? null,
    visibility: image.visibility,
    protected: image.protected,
    hidden: image.hidden,
    minDisk: image.minDisk,
    minRam: image.minRam,
    size,
    virtualSize: image.virtualSize ?? null,
    checksum: image.checksum ?? null,
    hash: image.hash ?? null,
    tags: [...image.tags],
    members,
    properties: { ...image.properties },
    created: image.createdAt,
    encryption:
      key === undefined
        ? null
        : { deletionPolicy: image.properties[KEY_POLICY] ?? null, key: savedKey(key, 'sealed, proved') },
  };
}
