import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { listSnapshots, type Snapshot } from '../../openstack/blockstorage/v3/snapshots.ts';
import { novaGaveUp } from '../../openstack/compute/v2/failure.ts';
import { createServerImage, type Server } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { type Image, listImages } from '../../openstack/image/v2/images.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import { collect } from '../../pool.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';

export interface ImageMaking extends Environment {
  /** One list a tick for all of their images. */
  readonly images: Watcher<Image>;
}

/** An image of a server that Nova made, with the snapshots that belong to it. All of it is temporary. */
export interface ServerImage {
  readonly image: Image;
  /** Carried by all of it. */
  readonly record: Draft;
}

/**
 * Makes an image of a server, passes it to `use`, and removes it and its snapshots, whatever happens. Deleting
 * the image alone would leave the snapshots forever, and then the volumes could not be deleted.
 *
 * @param gigabytes of its disks, for the deadline
 * @throws OperationError with the reason that Nova gives
 */
export async function withServerImage<T>(
  server: Server,
  gigabytes: number,
  saving: ImageMaking,
  use: (made: ServerImage) => Promise<T>,
): Promise<T> {
  const record = saving.ledger.draft('scratch', gigabytes);
  try {
    return await use({ image: await makeImage(server, record, gigabytes, saving), record });
  } finally {
    await removeTagged(saving.session, [record.tag], `the backup of server ${server.id}`, saving.log);
  }
}

async function makeImage(
  server: Server,
  record: Draft,
  gigabytes: number,
  { session, images, ledger, clock, log, signal, until }: ImageMaking,
): Promise<Image> {
  const nova = await session.service('compute');
  const started = clock.now();
  const name = ledger.unbound(record);
  await session.freshToken();
  const imageId = await createOnce(
    () => createServerImage(nova, server.id, { name }),
    async () => (await imagesOf(session, record.tag))[0]?.id,
    { clock, log, signal },
  );
  await ledger.bind(record, 'image', imageId);
  const what = `the image of server ${quoted(server.name)} (${server.id})`;
  log.info(`${what} is being made: ${imageId}`);
  try {
    return await images.until(imageId, judge, {
      deadline: Math.min(started + allowance(gigabytes), until),
      signal,
    });
  } catch (error) {
    // Nova deletes an image that it cannot finish, and only the instance action tells why.
    if (error instanceof ImageLost || hasStatus(error, 404))
      throw await novaGaveUp(nova, `${what} failed`, server.id, 'createImage');
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} timed out after ${duration(clock.now() - started)}`,
        'Raise `deadline`, or ask the operator whether the compute and image services work.',
        error,
      );
    throw error;
  }
}

class ImageLost extends Error {}

const PENDING = new Set(['queued', 'saving', 'uploading', 'importing']);

function judge(image: Image): { done: Image } | undefined {
  if (image.status === 'active') return { done: image };
  if (PENDING.has(image.status)) return undefined;
  throw new ImageLost(`image ${image.id} is ${image.status}`);
}

/** By the record that is their name: a request whose answer was lost may have made more than one. */
async function imagesOf(session: Session, tag: string): Promise<Image[]> {
  const client = await session.service('image');
  const own = await collect(listImages(client, { owner: session.scope.project.id }));
  return own.filter((image) => readTemporary(image)?.tag === tag);
}

/** Those that Nova took for the image; their names have its name in them. */
export async function snapshotsOf(session: Session, tag: string): Promise<Snapshot[]> {
  const all = await collect(listSnapshots(await session.service('block-storage'), {}));
  return all.filter((snapshot) => readTemporary(snapshot)?.tag === tag);
}
