import { InputError } from '../../errors.ts';
import type { Manifest, VolumeImagePoint } from '../../manifest/schema.ts';
import { listAvailabilityZones } from '../../openstack/availability-zones.ts';
import { listVolumeTypes, type VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { allNeeds, needOfVolume, type QuotaLine, quotaAfter, refuseOver } from '../../plan/quota.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import { qcow2Size } from '../image/qcow2.ts';
import type { VolumeRestoreWishes } from './choose.ts';
import { imageMismatch, knownEncryption } from './encryption-fit.ts';
import { type ImageSource, imageSource } from './image-source.ts';
import { typeForImage } from './volume-type.ts';

/** The wishes for a volume that is made from an image. */
export type FromImageWishes = Pick<VolumeRestoreWishes, 'name' | 'type' | 'availabilityZone'>;

/** How to make a volume from an image. */
export interface FromImagePlan {
  readonly kind: 'image';
  readonly point: VolumeImagePoint;
  readonly source: ImageSource;
  readonly name: string;
  readonly type: VolumeType | undefined;
  /** Whether the type is known to be encrypted exactly as the data; if not, test a volume of it first. */
  readonly typeIsProven: boolean;
  /** GiB at most. */
  readonly size: number;
  readonly availabilityZone: string | undefined;
  /** What will differ from the original, in words. */
  readonly missing: readonly string[];
  readonly quota: readonly QuotaLine[];
}

/**
 * Decides how to restore, and refuses what would destroy or hide data. Changes nothing.
 *
 * @param store where payloads are read; undefined if no store is given
 * @throws InputError or OperationError
 */
export async function planFromImage(
  session: Session,
  manifest: Manifest,
  point: VolumeImagePoint,
  wishes: FromImageWishes,
  store: PayloadStore | undefined,
): Promise<FromImagePlan> {
  const client = await session.service('block-storage');
  const { resource, image } = point;
  const source = await imageSource(session, manifest, point, store);
  const type = typeForImage(point, wishes.type, await listVolumeTypes(client));
  const typeIsProven = await isProven(client, point, source, type);
  const zone = await zoneOf(client, manifest, resource.availabilityZone, wishes.availabilityZone);
  const bytes = source.kind === 'payload' && source.doubt !== undefined ? qcow2Size(image.size) : image.size;
  const size = gigabytesFor(point, bytes);
  // Beside it the volume of 1 GiB that tells how its type encrypts.
  const volumes = typeIsProven ? { volumes: 1, gigabytes: size } : { volumes: 2, gigabytes: size + 1 };
  const uploaded = { images: 1, image_mebibytes: Math.ceil(bytes / 2 ** 20) };
  const need = allNeeds([needOfVolume(volumes, type?.name), source.kind === 'kept' ? {} : uploaded]);
  const quota = quotaAfter(await quotasFor(session, [need]), need);
  refuseOver(quota, 'the restored volume');
  return {
    kind: 'image',
    point,
    source,
    name: wishes.name ?? resource.name,
    type,
    typeIsProven,
    size,
    availabilityZone: zone.name,
    missing: [
      ...(size > resource.size
        ? [`its size of ${resource.size} GiB: Cinder needs ${size} to make it from its image`]
        : []),
      ...zone.missing,
    ],
    quota,
  };
}

/**
 * The GiB that Cinder requires to make a volume from an image. The image's size includes the LUKS header and the
 * volume's does not, so an encrypted volume of 1 GiB becomes one of 2.
 *
 * @param bytes of the image
 */
export function gigabytesFor({ resource }: VolumeImagePoint, bytes: number): number {
  return Math.max(resource.size, Math.ceil(bytes / GIB));
}

/**
 * Whether a type surely encrypts as the data needs it: the type that the volume had does, and for others
 * the project's volumes show it. The administrator can change a type's encryption while it has no volumes, so the new
 * volume is checked all the same.
 *
 * @throws InputError if it does not
 */
async function isProven(
  client: ServiceClient,
  { resource }: VolumeImagePoint,
  { luks }: ImageSource,
  type: VolumeType | undefined,
): Promise<boolean> {
  if (type === undefined || type.id === resource.type.id) return true;
  const known = await knownEncryption(client, type);
  if (known === undefined) return false;
  const mismatch = imageMismatch(luks, known, type.name);
  if (mismatch !== undefined) throw mismatch;
  return true;
}

/** This cloud may lack the recorded zone; a requested one must exist. */
async function zoneOf(
  client: ServiceClient,
  manifest: Manifest,
  recorded: string,
  wish: string | undefined,
): Promise<{ readonly name: string | undefined; readonly missing: readonly string[] }> {
  const { scope } = client.session;
  if (wish === undefined && (recorded === '' || manifest.cloud.project.id === scope.project.id))
    return { name: recorded === '' ? undefined : recorded, missing: [] };
  const zones = await listAvailabilityZones(client);
  const name = wish ?? recorded;
  if (zones.includes(name)) return { name, missing: [] };
  if (wish === undefined)
    return {
      name: undefined,
      missing: [`availability zone ${quoted(recorded)}: there is none of that name`],
    };
  throw new InputError(
    `there is no availability zone ${quoted(wish)} for volumes`,
    `There are: ${zones.join(', ') || 'none'}.`,
  );
}
