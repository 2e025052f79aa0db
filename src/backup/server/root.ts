import { randomUUID } from 'node:crypto';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { ImagePoint, KeptImagePoint } from '../../manifest/schema.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { replayable } from '../../openstack/image/v2/properties.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { takeRecordOff } from '../../temporaries/image-record.ts';
import { savedImage } from '../image/record.ts';
import { type ImageOptions, saveImage } from '../image/save.ts';

/**
 * Downloads the root disk that Nova made an image of; the image stays temporary.
 *
 * @param name of the restore point
 * @param server the id of the server
 */
export async function storeRoot(
  image: Image,
  name: string,
  server: string,
  environment: Environment,
  payloads: PayloadStore,
  { onBytes, raw }: Pick<ImageOptions, 'onBytes' | 'raw'>,
): Promise<ImagePoint> {
  refuseEmpty(image);
  if (!raw && image.diskFormat !== undefined && image.diskFormat !== 'raw')
    environment.log.info(
      `${name}: its root disk is stored as ${image.diskFormat}, in which little stays in its place: the next backup sends most of it again. \`raw: true\` has the cloud convert it`,
    );
  const of = { kind: 'server', id: server } as const;
  const { points } = await saveImage(image, environment, payloads, { onBytes, raw, of });
  const point = points.find(({ method }) => method === 'download');
  if (point?.method !== 'download') throw new TypeError('an image was saved without a restore point');
  // The others describe the image that Nova made, which is removed.
  const { properties } = replayable(point.resource.properties);
  return { ...point, resource: { ...point.resource, name, properties } };
}

/** Makes the image the user's own: it has a name, and no record any more. */
export async function keepRoot(
  image: Image,
  name: string,
  { session, clock, ledger }: Environment,
): Promise<KeptImagePoint> {
  refuseEmpty(image);
  const started = clock.now();
  const named = [{ op: 'replace', name: 'name', value: name }] as const;
  const kept = await takeRecordOff(await session.service('image'), image.id, named, ledger);
  return {
    id: randomUUID(),
    resource: savedImage(kept, kept.size ?? 0, [], undefined),
    method: 'kept',
    seconds: (clock.now() - started) / 1000,
  };
}

/** The image of a volume-backed server has no data, and backs up nothing. */
function refuseEmpty({ id, size, properties }: Image): void {
  if (size === 0 || properties['block_device_mapping'] !== undefined)
    throw new OperationError(
      `image ${id} of the server has no data`,
      'Nova treated the server as one that boots from a volume. Run the backup again; if it happens again, report it.',
    );
}
