import { InputError, OperationError } from '../../errors.ts';
import { isLuks } from '../../keys/unlock.ts';
import { pointWithId } from '../../manifest/choose.ts';
import type { Manifest, Payload, VolumeImagePoint } from '../../manifest/schema.ts';
import { getLimits } from '../../openstack/blockstorage/v3/limits.ts';
import { listVolumeTypes, type VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { getImage, type Image } from '../../openstack/image/v2/images.ts';
import { getImageLimits } from '../../openstack/image/v2/info.ts';
import { KEY_ID, replayable } from '../../openstack/image/v2/properties.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { Session } from '../../openstack/session.ts';
import { imageQuotaAfter, type QuotaLine, quotaAfter, quotaSentence } from '../../plan/quota.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { GIB } from '../../text/bytes.ts';
import { headOf } from '../image/head.ts';
import type { ImageKey } from '../image/make.ts';
import { INSPECTED, unsafe } from '../image/unsafe.ts';
import type { PayloadReader } from '../payloads.ts';
import { openKey } from '../secret/bring-back.ts';
import { encryptionOfType, imageMismatch, type Needed } from './encryption-fit.ts';
import { typeNamed } from './preflight.ts';

export interface FromImageWishes {
  readonly name: string | undefined;
  /** Id or name of a volume type. */
  readonly type: string | undefined;
  readonly availabilityZone: string | undefined;
}

/** How a volume is made of an image. */
export interface FromImagePlan {
  readonly kind: 'image';
  readonly point: VolumeImagePoint;
  /** Undefined: the image stayed in the cloud. */
  readonly payload: { readonly reader: PayloadReader; readonly payload: Payload } | undefined;
  readonly key: ImageKey | undefined;
  readonly encrypted: boolean;
  readonly name: string;
  readonly type: VolumeType | undefined;
  /** GiB. */
  readonly size: number;
  readonly availabilityZone: string | undefined;
  /** What Cinder shall copy from the image to the volume. */
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly quota: readonly QuotaLine[];
}

/**
 * Decides how to restore, and refuses what would destroy or hide data: before a byte is uploaded.
 *
 * @param reader where payloads are read; undefined where no store is named
 * @param run for a volume that is made to find out how a type encrypts
 * @throws InputError or OperationError
 */
export async function planFromImage(
  session: Session,
  manifest: Manifest,
  point: VolumeImagePoint,
  reader: PayloadReader | undefined,
  wishes: FromImageWishes,
  run: RunIdentity,
): Promise<FromImagePlan> {
  const { resource, image, payload } = point;
  const source = payload === null ? undefined : { reader: readerFor(reader, payload), payload };
  if (source === undefined) await refuseChanged(session, point);
  const key = source === undefined ? undefined : await keyOf(session, manifest, point, source.reader);
  const needed = source === undefined ? neededBy(resource.encryption?.provider) : await neededOf(source, key);
  const client = await session.service('block-storage');
  const types = await listVolumeTypes(client);
  const type = chooseType(point, wishes.type, types);
  if (type !== undefined && type.id !== resource.type.id) {
    const mismatch = imageMismatch(needed, await encryptionOfType(client, type, run), type.name);
    if (mismatch !== undefined) throw mismatch;
  }
  const size = Math.max(resource.size, Math.ceil(image.size / GIB));
  const quota = [
    ...quotaAfter(await getLimits(client), { volumes: 1, gigabytes: size }),
    ...(source === undefined
      ? []
      : imageQuotaAfter(await getImageLimits(await session.service('image')), image.size)),
  ];
  refuseOver(quota);
  return {
    kind: 'image',
    point,
    payload: source,
    key,
    encrypted: needed !== undefined,
    // Cinder takes a volume without a name for one of its own making, and changes its description.
    name: wishes.name ?? (resource.name || `restored ${resource.id}`),
    type,
    size,
    availabilityZone: wishes.availabilityZone ?? (resource.availabilityZone || undefined),
    imageProperties: replayable(resource.imageMetadata).properties,
    quota,
  };
}

function readerFor(reader: PayloadReader | undefined, { name }: Payload): PayloadReader {
  if (reader !== undefined) return reader;
  throw new InputError(
    `the data of the restore point left the cloud: it is in payload ${name}`,
    'Name the place where the backup put it with `store`: directory:PATH.',
  );
}

/** The image that is the backup must be there, and have the data that was recorded. */
async function refuseChanged(session: Session, { image }: VolumeImagePoint): Promise<void> {
  const client = await session.service('image');
  const now: Image = await getImage(client, image.id).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    throw new OperationError(
      `image ${image.id}, which is the backup, is gone, or belongs to another project`,
      'Take another restore point. One that is saved with `store` can be restored anywhere.',
      error,
    );
  });
  if (now.status !== 'active')
    throw new OperationError(
      `image ${image.id}, which is the backup, is ${now.status}`,
      'Take another restore point.',
    );
  const [then, digest] =
    image.hash === null ? [image.checksum, now.checksum] : [image.hash.value, now.hash?.value];
  if (now.size !== image.size || (then !== null && then !== digest))
    throw new OperationError(
      `image ${image.id} has other data than was saved`,
      'Take another restore point.',
    );
  if ((now.properties[KEY_ID] ?? null) !== image.keyId)
    throw new OperationError(
      `image ${image.id} names another key than when it was saved`,
      'Somebody changed it: ask who, or take another restore point.',
    );
  if (image.keyId !== null) await readableKey(session, image.keyId, `image ${image.id}`);
}

async function keyOf(
  session: Session,
  manifest: Manifest,
  { resource }: VolumeImagePoint,
  reader: PayloadReader,
): Promise<ImageKey | undefined> {
  if (resource.encryption === null) return undefined;
  const { point } = resource.encryption.key;
  if (point === undefined)
    throw new InputError(
      `volume ${resource.id} is encrypted, and the manifest has no key of it`,
      'Take a restore point that was made with `recipients`: without its key the data opens to nobody.',
    );
  const secret = pointWithId(manifest, 'secret', point);
  return {
    saved: secret.resource,
    bytes: await openKey(session, reader, secret),
    sameProject: manifest.cloud.project.id === session.scope.project.id,
  };
}

/** What the data itself says, with its key tried on it; and what Glance would refuse only when all is uploaded. */
async function neededOf(
  { reader, payload }: NonNullable<FromImagePlan['payload']>,
  key: ImageKey | undefined,
): Promise<Needed> {
  const head = await headOf(reader, payload, Math.min(INSPECTED, payload.size), key);
  if (key === undefined) return undefined;
  const doubt = unsafe(head, 'raw', 'bare');
  if (isLuks(head) && doubt !== undefined)
    throw new OperationError(
      `Glance since 2025.1 refuses the data as an image: ${doubt}`,
      'Restore it where Glance is older, or ask the operator. `openstack-backup unlock` opens the data without the cloud. Nothing was touched.',
    );
  return head.readUInt16BE(6) === 2 ? 2 : 1;
}

function neededBy(provider: string | null | undefined): Needed {
  if (provider === undefined) return undefined;
  return provider === 'luks2' ? 2 : 1;
}

/** The recorded type by its id, else one of its name, as in another cloud; or the one that is wished for. */
function chooseType(
  { resource }: VolumeImagePoint,
  wish: string | undefined,
  types: readonly VolumeType[],
): VolumeType | undefined {
  if (wish !== undefined) return typeNamed(wish, types);
  const { id, name } = resource.type;
  if (id === null && name === null) return undefined;
  const found = types.find((type) => type.id === id) ?? types.find((type) => type.name === name);
  if (found === undefined)
    throw new InputError(
      `volume type ${name ?? ''} (${id ?? 'unknown'}) is not there`,
      `Choose one ${resource.encryption === null ? 'without encryption' : `that encrypts with ${resource.encryption.provider ?? 'LUKS'}`} with \`type\`: ${types.map((type) => type.name).join(', ')}.`,
    );
  return found;
}

function refuseOver(quota: readonly QuotaLine[]): void {
  const over = quota.filter(({ fits }) => !fits);
  if (over.length > 0)
    throw new OperationError(
      `the quota is too small for the restored volume: ${quotaSentence(over)}`,
      'Delete volumes or images, or ask the operator for more. Nothing was touched.',
    );
}
