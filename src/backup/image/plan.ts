import { InputError, OperationError, PlainError } from '../../errors.ts';
import type { Session } from '../../openstack/connection.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import { refuseBareKey } from '../../payload/bare-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Selector } from '../../plan/select.ts';
import { pool } from '../../pool.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';
import type { Wishes } from '../kind.ts';
import type { Conversion, Unconvertible } from './conversion.ts';

export interface ImageBackupWishes extends Wishes {
  readonly selectors: readonly Selector[];
  /** Always given: an image is saved only outside the cloud. */
  readonly payloads: PayloadStore;
  /** Whether images of other formats are stored as the raw disks that they hold. */
  readonly raw: boolean;
}

/** What to do with one image. */
export interface ImageBackupPlan {
  readonly image: Image;
  /** Undefined: it is stored as it is, and nothing else was asked for, or it is raw. */
  readonly conversion: Conversion | Unconvertible | undefined;
}

/** Bytes that are saved. */
export function sizeOf({ image, conversion }: ImageBackupPlan): number {
  return conversion !== undefined && 'size' in conversion ? conversion.size : (image.size ?? 0);
}

export interface PlannedImages {
  readonly images: readonly Image[];
  /** Those that cannot be saved now. The others can. */
  readonly refused: readonly { readonly image: Image; readonly error: PlainError }[];
}

/** Looks at everything that could make a download fail, and changes nothing. */
export async function planImages(
  session: Session,
  images: readonly Image[],
  payloads: PayloadStore,
): Promise<PlannedImages> {
  const looked = await pool(images, 4, async (image) => {
    try {
      refuseState(image);
      await checkKey(session, image, payloads);
      return { image };
    } catch (error) {
      // Missing recipients are wrong input: begin nothing.
      if (error instanceof InputError || !(error instanceof PlainError)) throw error;
      return { image, error };
    }
  });
  return {
    images: looked.flatMap(({ image, error }) => (error === undefined ? [image] : [])),
    refused: looked.flatMap(({ image, error }) => (error === undefined ? [] : [{ image, error }])),
  };
}

/** @throws OperationError for an image whose data cannot be downloaded, or that has none */
export function refuseState(image: Image): void {
  const what = `image ${quoted(image.name)} (${image.id})`;
  if (image.status === 'deactivated')
    throw new OperationError(
      `${what} is deactivated, so its data cannot be downloaded`,
      `Reactivate it with: openstack image set --activate ${image.id}. If the cloud refuses, ask the operator.`,
    );
  if (image.status !== 'active')
    throw new OperationError(
      `${what} is ${image.status}; only active images have data`,
      'Wait until it is active, or leave it out.',
    );
  if ((image.size ?? 0) === 0) throw withoutData(what, image);
  if (readTemporary(image) !== undefined)
    throw new OperationError(`${what} is a temporary of openstack-backup`, 'Leave it out.');
}

function withoutData(what: string, { properties }: Image): OperationError {
  return properties['block_device_mapping'] === undefined
    ? new OperationError(`${what} has no data`, 'There is nothing to save: leave it out.')
    : new OperationError(
        `${what} has no data: it only names volume snapshots of a server`,
        'Back up the server with backup-server, or its volumes with backup-volume: this image is not a backup of them.',
      );
}

async function checkKey(session: Session, image: Image, payloads: PayloadStore): Promise<void> {
  const keyId = image.properties[KEY_ID];
  if (keyId === undefined) return;
  refuseBareKey(payloads, `image ${quoted(image.name)} (${image.id})`);
  await readableKey(session, keyId, `image ${image.id}`);
}
