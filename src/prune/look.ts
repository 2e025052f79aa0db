import type { Kind } from '../manifest/points.ts';
import { getBackup, listBackups } from '../openstack/blockstorage/v3/backups.ts';
import { getVolume, listVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import type { Service } from '../openstack/catalog.ts';
import { getServer, listServers } from '../openstack/compute/v2/servers.ts';
import type { ServiceClient, Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import { getImage, listImages } from '../openstack/image/v2/images.ts';
import { getSecret, listSecrets } from '../openstack/keymanager/v1/secrets.ts';
import { collect, pool } from '../pool.ts';
import type { Holdings } from '../temporaries/holdings.ts';
import type { Cloud, CloudBackup, CloudImage } from './cloud.ts';
import { resourceOf, type Saved } from './point.ts';
import { unrecorded } from './unrecorded.ts';

interface Thing {
  readonly id: string;
  readonly status?: string;
}

interface Way {
  readonly service: Service;
  list(client: ServiceClient, project: string): Promise<readonly Thing[]>;
  get(client: ServiceClient, id: string): Promise<unknown>;
}

const WAYS: Readonly<Record<Kind, Way>> = {
  volume: { service: 'block-storage', list: (client) => collect(listVolumes(client)), get: getVolume },
  server: { service: 'compute', list: (client) => collect(listServers(client)), get: getServer },
  image: {
    service: 'image',
    // Glance lists hidden images only when asked for nothing else.
    list: async (client, owner) => [
      ...(await collect(listImages(client, { owner }))),
      ...(await collect(listImages(client, { owner, hidden: true }))),
    ],
    get: getImage,
  },
  secret: { service: 'key-manager', list: (client) => collect(listSecrets(client)), get: getSecret },
};

/** How many single requests to make at a time. */
const AT_ONCE = 8;
/** The states of a volume whose data is still being copied in. */
const FILLING = new Set(['creating', 'downloading']);

export interface Asked {
  /** Whether points of gone resources may go: then asks for each missing resource by itself. */
  readonly gone: boolean;
  /** Whether to list all backups and images, even if no point is of that kind. */
  readonly all: boolean;
  /** Payloads in the store; undefined if it could not be listed. */
  readonly stored: ReadonlySet<string> | undefined;
  /** What payloads in it lack, by their names. */
  readonly lacking?: ReadonlyMap<string, string>;
  /** Lists from a moment ago: good enough, as each backup is looked at again before it is deleted. */
  readonly seen?: Pick<Holdings, 'backups' | 'volumes'> | undefined;
}

/**
 * Asks the cloud for all that the points name. Asks by id for what the lists lack: only a 404 proves that it is gone.
 *
 * @throws CloudError if the backups or images that hold data cannot be listed, or the cloud fails
 */
export async function lookAtCloud(
  session: Session,
  points: readonly Saved[],
  { gone, all, stored, lacking, seen }: Asked,
): Promise<Cloud> {
  const asksBackups =
    all ||
    (gone && session.has('block-storage')) ||
    points.some(({ data, neededBy }) => data?.kind === 'backup' || neededBy !== undefined);
  const backups = asksBackups
    ? (seen?.backups ?? (await collect(listBackups(await session.service('block-storage')))))
    : [];
  const left = unrecorded(points, backups, session.clock.now());
  const kinds = new Set([...points, ...left].map(({ kind }) => kind));
  const holdsImages = points.some(({ data }) => data?.kind === 'image');
  if (holdsImages) kinds.add('volume').add('image');
  if (all) kinds.add('image');
  const lists = new Map<Kind, readonly Thing[] | undefined>();
  // Whether a volume reads an image is not checked again later, so this list has to be fresh.
  const volumes = holdsImages ? undefined : seen?.volumes;
  for (const kind of kinds)
    lists.set(
      kind,
      kind === 'volume' && volumes !== undefined
        ? volumes
        : await listed(session, WAYS[kind], kind === 'image' && holdsImages),
    );
  const images = (lists.get('image') ?? []) as readonly CloudImage[];
  const missing = await lookForMissing(session, points, backups, images);
  const presence = await presenceOf(session, [...points, ...left], lists, gone);
  return {
    backups: [...backups, ...missing.backups],
    unrecorded: left.filter((point) => presence.get(resourceOf(point)) === 'gone'),
    images: [...images, ...missing.images],
    lost: missing.lost,
    stored,
    ...(lacking !== undefined && { lacking }),
    isAll: asksBackups && lists.get('image') !== undefined,
    presence,
    readsImages: (lists.get('volume') ?? []).some(({ status }) => FILLING.has(status ?? '')),
  };
}

/** Undefined if the cloud does not list them. */
async function listed(session: Session, way: Way, isNeeded: boolean): Promise<readonly Thing[] | undefined> {
  if (!isNeeded && !session.has(way.service)) return undefined;
  try {
    return await way.list(await session.service(way.service), session.scope.project.id);
  } catch (error) {
    if (isNeeded || !hasStatus(error, 401, 403, 404)) throw error;
    session.log.warn(`${error.message}: their restore points are kept`);
    return undefined;
  }
}

async function lookForMissing(
  session: Session,
  points: readonly Saved[],
  backups: readonly CloudBackup[],
  images: readonly CloudImage[],
) {
  const found: { backups: CloudBackup[]; images: CloudImage[]; lost: Set<string> } = {
    backups: [],
    images: [],
    lost: new Set(),
  };
  const known = new Set([...backups, ...images].map(({ id }) => id));
  const asked = points.flatMap(({ pruned, data, image }) => {
    if (pruned !== undefined) return [];
    if (image !== undefined) return [{ kind: 'image' as const, id: image }];
    return data === undefined || data.kind === 'payload' ? [] : [{ kind: data.kind, id: data.id }];
  });
  const missing = new Map(
    asked.filter(({ id }) => !known.has(id)).map((one) => [`${one.kind} ${one.id}`, one]),
  );
  await pool([...missing], AT_ONCE, async ([key, { kind, id }]) => {
    try {
      if (kind === 'backup') found.backups.push(await getBackup(await session.service('block-storage'), id));
      else found.images.push(await getImage(await session.service('image'), id));
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      found.lost.add(key);
    }
  });
  return found;
}

async function presenceOf(
  session: Session,
  points: readonly Saved[],
  lists: ReadonlyMap<Kind, readonly Thing[] | undefined>,
  gone: boolean,
): Promise<Map<string, 'present' | 'gone'>> {
  const presence = new Map<string, 'present' | 'gone'>();
  const there = new Map([...lists].map(([kind, all]) => [kind, all && new Set(all.map(({ id }) => id))]));
  const resources = new Map(
    points
      .filter(({ isPart, pruned }) => !isPart && pruned === undefined)
      .map((point) => [resourceOf(point), point]),
  );
  await pool([...resources], AT_ONCE, async ([key, { kind, resource }]) => {
    const all = there.get(kind);
    if (all === undefined) return;
    const seen = all.has(resource) ? 'present' : gone ? await asked(session, WAYS[kind], resource) : 'gone';
    if (seen !== undefined) presence.set(key, seen);
  });
  return presence;
}

async function asked(
  session: Session,
  { service, get }: Way,
  id: string,
): Promise<'present' | 'gone' | undefined> {
  try {
    await get(await session.service(service), id);
    return 'present';
  } catch (error) {
    if (!hasStatus(error, 401, 403, 404)) throw error;
    return hasStatus(error, 404) ? 'gone' : undefined;
  }
}
