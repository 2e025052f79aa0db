import { messageOf, PlainError } from '../errors.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Snapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import type { Session } from '../openstack/connection.ts';
import { CloudError, hasStatus } from '../openstack/errors.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import { LISTS, type Listed } from '../temporaries/lists.ts';
import { cloudOf } from './cloud-of.ts';

export type Part = keyof Listed;

/**
 * What the cloud has of all that restore points need, a list per part. A plain record. A part is undefined if nobody
 * asked for it or the cloud did not list it.
 */
export interface Inventory {
  readonly cloud: Manifest['cloud'];
  /** When it was made, by the cloud's clock. Milliseconds. */
  readonly at: number;
  readonly backups: readonly Backup[] | undefined;
  /** Includes hidden images. */
  readonly images: readonly Image[] | undefined;
  readonly snapshots: readonly Snapshot[] | undefined;
  /** Ids. */
  readonly volumes: ReadonlySet<string> | undefined;
  readonly servers: ReadonlySet<string> | undefined;
  readonly secrets: ReadonlySet<string> | undefined;
  /** Why the cloud did not list a part, in its words. */
  readonly unknown: Readonly<Partial<Record<Part, string>>>;
  /** The unknown parts that the cloud failed to list; the others it lacks, or does not show to the user. */
  readonly failed: readonly Part[];
}

/**
 * Asks the cloud what there is. Changes nothing. A part that the cloud does not list stays unknown and does not fail
 * the rest.
 *
 */
export async function inventoryOf(
  session: Session,
  parts: readonly Part[] = ['backups', 'images'],
): Promise<Inventory> {
  const unknown: Partial<Record<Part, string>> = {};
  const failed: Part[] = [];
  const see = async <P extends Part>(part: P): Promise<readonly Listed[P][] | undefined> => {
    if (!parts.includes(part)) return undefined;
    const { service, list } = LISTS[part];
    try {
      const client = await session.service(service);
      // Glance lists hidden images only when asked for nothing else.
      const hidden = part === 'images' ? await list(client, { images: { hidden: true } }) : [];
      return unique([...(await list(client, {})), ...hidden]);
    } catch (error) {
      if (!(error instanceof PlainError) || session.signal?.aborted) throw error;
      unknown[part] = messageOf(error);
      if (error instanceof CloudError && !hasStatus(error, 401, 403, 404)) failed.push(part);
      return undefined;
    }
  };
  const [backups, images, snapshots, volumes, servers, secrets] = await Promise.all([
    see('backups'),
    see('images'),
    see('snapshots'),
    see('volumes'),
    see('servers'),
    see('secrets'),
  ]);
  return {
    cloud: cloudOf(session),
    at: session.clock.now(),
    backups,
    images,
    snapshots,
    volumes: volumes && idsOf(volumes),
    servers: servers && idsOf(servers),
    secrets: secrets && idsOf(secrets),
    unknown,
    failed,
  };
}

/** A page may repeat the end of the last one, and an old Glance ignores `hidden` and lists all images twice. */
function unique<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

function idsOf(items: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(items.map(({ id }) => id));
}
