import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { SavedSecret } from '../../manifest/schema.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import { CloudError, hasStatus } from '../../openstack/errors.ts';
import { digestsOf } from '../../openstack/image/v2/digests.ts';
import { downloadImage } from '../../openstack/image/v2/download.ts';
import { type CreateImage, createImage, getImage, type Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID, KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import { uploadImage } from '../../openstack/image/v2/upload.ts';
import { heldBack } from '../../stream/held-back.ts';
import { Meter } from '../../stream/meter.ts';
import { laterOfUnseen } from '../../temporaries/staying.ts';
import { type Purpose, TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { type Made, undo } from '../../temporaries/undo.ts';
import { GIB } from '../../text/bytes.ts';
import { makeSecret } from '../secret/create.ts';
import { finishSecret } from '../secret/finish.ts';
import { secretRequest } from '../secret/request.ts';

/** What Glance computes, unless its operator chose another. */
const USUAL = 'sha512';

/** The data of an image to make. */
export interface ImageData {
  /** Ends cleanly only if every byte was right. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly size: number;
  /** Digests that are known beforehand, lower-case hex, by the names of node:crypto. */
  readonly digests: Readonly<Record<string, string>>;
  /** Told of bytes as they flow. */
  readonly onBytes?: (count: number) => void;
}

/** The key, which was tried on the LUKS header of the data. */
export interface ImageKey {
  readonly saved: SavedSecret;
  readonly bytes: Uint8Array;
  readonly sameProject: boolean;
}

/** An image that has all its data, and still carries the record of a temporary. */
export interface MadeImage {
  readonly image: Image;
  /** The new secret of an encrypted one. Glance deletes it with the image. */
  readonly secretId: string | undefined;
  /** How its key differs from the original, in words. */
  readonly missing: readonly string[];
  /** Why it could not be compared with what was uploaded; undefined if it was, and is equal. */
  readonly unseen: unknown;
  /** Removes the image, and its key with it; also after a stop. */
  remove(): Promise<void>;
}

/**
 * Makes an image: a new secret for its key, a private image that names it, the data in one stream, and a look at what
 * Glance then says it has. An image that is not completed is removed, with its secret.
 *
 * The request that makes the image gives it the record of a temporary. Until the record comes off, Glance deletes the
 * key with the image, so that a run that removes the leftover leaves no key behind.
 *
 * An image that Glance took to the last byte but does not show afterwards stays, and is reported as not compared.
 *
 * @param purpose whether the image is the goal, or only a step towards it
 * @throws CloudError 415 for bytes that Glance takes for unsafe, 413 for quota
 * @throws OperationError if the cloud has other bytes than it was given
 */
export async function makeImage(
  environment: Environment,
  wanted: Omit<CreateImage, 'id' | 'visibility' | 'protected'>,
  data: ImageData,
  key: ImageKey | undefined,
  purpose: Purpose,
): Promise<MadeImage> {
  const { session, ledger } = environment;
  const client = await session.service('image');
  const id = randomUUID();
  // Until a volume is made of it, too.
  const draft = ledger.draft(purpose, 2 * Math.ceil(data.size / GIB));
  const request = key && secretRequest(key.saved, { ...key, name: undefined }, session.clock.now());
  let secretId: string | undefined;
  const remove = () => removeMade(session, id, secretId, purpose);
  try {
    if (key && request) secretId = await makeSecret(environment, request, key.bytes, draft);
    const made = await createImage(client, {
      ...wanted,
      id,
      visibility: 'private',
      properties: {
        ...wanted.properties,
        [TEMPORARY_PROPERTY]: ledger.bound(draft, 'image', id),
        ...(secretId === undefined ? {} : { [KEY_ID]: secretId, [KEY_POLICY]: 'on_image_deletion' }),
      },
    });
    if (request && secretId !== undefined) await finishSecret(environment, secretId, request);
    const meter = new Meter(data.digests[USUAL] === undefined ? [USUAL] : [], 0, data.onBytes);
    // Glance stores what has its size: bytes that turn out to be wrong at their end must not reach it whole.
    const bytes = Readable.from(heldBack(meter.through(data.bytes)), { objectMode: false });
    await uploadImage(client, id, bytes, data.size);
    const known = { ...data.digests, ...meter.digests() };
    const { image, unseen } = await compared(client, made, data.size, known);
    return { image, secretId, missing: request?.missing ?? [], unseen, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The image as the cloud shows it; if it shows nothing, as it was made. */
async function compared(
  client: ServiceClient,
  made: Image,
  size: number,
  known: Readonly<Record<string, string>>,
): Promise<{ readonly image: Image; readonly unseen: unknown }> {
  let image: Image = { ...made, size };
  try {
    image = await getImage(client, made.id);
    await compare(client, image, size, known);
    return { image, unseen: undefined };
  } catch (error) {
    if (!(error instanceof CloudError) || hasStatus(error, 404)) throw error;
    return { image, unseen: error };
  }
}

/** By Glance's own digest, else by reading all of it back. */
async function compare(
  client: ServiceClient,
  image: Image,
  size: number,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  if (image.status !== 'active') throw notStored(image, `it is ${image.status}`);
  if (image.size !== size) throw notStored(image, `it has ${image.size} of ${size} bytes`);
  const digest = digestsOf(image).find(({ algorithm }) => known[algorithm] !== undefined) ?? {
    algorithm: USUAL,
    value: await readBack(client, image),
  };
  if (known[digest.algorithm] !== digest.value)
    throw notStored(image, `its ${digest.algorithm} differs from that of the uploaded bytes`);
}

async function readBack(client: ServiceClient, image: Image): Promise<string> {
  const hash = createHash(USUAL);
  for await (const piece of downloadImage(client, image)) hash.update(piece);
  return hash.digest('hex');
}

function notStored(image: Image, why: string): OperationError {
  return new OperationError(
    `the cloud did not store image ${image.id} as it was uploaded: ${why}`,
    'Try again. If it fails again, tell the operator. The image is removed.',
  );
}

async function removeMade(
  session: Session,
  imageId: string,
  secretId: string | undefined,
  purpose: Purpose,
): Promise<void> {
  const thing = (kind: 'image' | 'secret', id: string): Made => ({
    kind,
    id,
    what: `${kind} ${id}, made for the restore`,
    later: laterOfUnseen(purpose),
  });
  const made = [thing('image', imageId), ...(secretId === undefined ? [] : [thing('secret', secretId)])];
  await undo(session, made, { removed: ({ what }) => session.log.debug(`${what}, was removed`) });
}
