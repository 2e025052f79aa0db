import { randomUUID } from 'node:crypto';
import type { Environment } from '../../environment.ts';
import type { ImagePoint, SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { listMembers, type Member } from '../../openstack/image/v2/members.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import type { DiskFacts } from '../../payload/blocks/save.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { quoted } from '../../text/escape.ts';
import { type SavedKey, saveSecret, withKey } from '../secret/save.ts';
import { saveImageData } from './download.ts';
import { savedImage } from './record.ts';

export interface SavedImagePoints {
  /** The key first: the image refers to it. */
  readonly points: readonly (SecretPoint | ImagePoint)[];
}

/**
 * Saves an image: its key, its data, and all that Glance records about it.
 *
 * @param onBytes called with the number of bytes as they flow
 * @param of whose disk it is: its blocks are compared with those of the same resource's earlier restore points
 * @throws OperationError; a failed download leaves no data in the store
 */
export async function saveImage(
  image: Image,
  environment: Environment,
  payloads: PayloadStore,
  onBytes: (count: number) => void,
  of: DiskFacts['resource'] = { kind: 'image', id: image.id },
): Promise<SavedImagePoints> {
  const { session, clock } = environment;
  const started = clock.now();
  const client = await session.service('image');
  const members = await membersOf(client, image);
  const key = await keyOf(image, environment, payloads);
  const id = randomUUID();
  const payload = await withKey(key, payloads, () =>
    saveImageData(
      client,
      image,
      { point: id, resource: of, taken: new Date(started).toISOString() },
      payloads,
      {
        ...environment,
        what: `image ${quoted(image.name)} (${image.id})`,
        onBytes,
        key: key && { bytes: key.bytes, secretType: key.point.resource.secretType },
      },
    ),
  );
  const point: ImagePoint = {
    id,
    resource: savedImage(image, payload.size, members, key?.point),
    method: 'download',
    payload,
    seconds: (clock.now() - started) / 1000,
  };
  return { points: key === undefined ? [point] : [key.point, point] };
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
