import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Snapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { Service } from '../openstack/catalog.ts';
import type { Server } from '../openstack/compute/v2/servers.ts';
import type { ServiceClient, Session } from '../openstack/connection.ts';
import { CloudError, hasStatus } from '../openstack/errors.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import { KEY_ID } from '../openstack/image/v2/properties.ts';
import { getSecretMetadata } from '../openstack/keymanager/v1/metadata.ts';
import type { ListedSecret } from '../openstack/keymanager/v1/secrets.ts';
import type { Port } from '../openstack/network/v2/ports.ts';
import type { SecurityGroup } from '../openstack/network/v2/security-groups.ts';
import { pool } from '../pool.ts';
import { LISTS, type Listed, type Within } from './lists.ts';

export interface HeldSecret extends ListedSecret {
  /** Empty if it was not read. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Everything in a project that a run may have left behind. */
export interface Holdings {
  readonly backups: readonly Backup[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
  readonly images: readonly Image[];
  readonly secrets: readonly HeldSecret[];
  readonly servers: readonly Server[];
}

/** What drills made in networks. */
export interface NetworkHoldings {
  readonly ports: readonly Port[];
  readonly securityGroups: readonly SecurityGroup[];
}

/** What a look for leftovers saw; the networks are not always looked at. */
export type Looked = Holdings & Partial<NetworkHoldings>;

/** Lists what drills made in networks: no more than that, since a project may have thousands of ports. */
export async function networkHoldingsOf(session: Session): Promise<NetworkHoldings> {
  const see = <Kind extends keyof NetworkHoldings>(kind: Kind) => {
    const { service, list } = LISTS[kind];
    return allowed(session, service, (client): Promise<Listed[Kind][]> => list(client, {}));
  };
  const [ports, securityGroups] = await Promise.all([see('ports'), see('securityGroups')]);
  return { ports, securityGroups };
}

const ALL = ['backups', 'volumes', 'snapshots', 'images', 'secrets', 'servers'] as const;

/**
 * Lists everything that the user may see. A service that the cloud lacks has nothing of its kinds.
 *
 * @param needed kinds that the caller cannot do without: failing to list one is an error
 * @param kinds what to list; the others are empty
 * @param within what narrows a list, and callbacks for lists that are closed
 */
export async function holdingsOf(
  session: Session,
  needed: readonly (keyof Holdings)[] = [],
  kinds: readonly (keyof Holdings)[] = ALL,
  within: Within & {
    /**
     * Called with the reason why the cloud shows no backups: it has no such API, or the user may not use it. Without
     * it, that is an error.
     */
    readonly closed?: (error: CloudError) => void;
    /** Called for each kind that is not needed and could not be listed: finding nothing of it then proves nothing. */
    readonly unseen?: (kind: keyof Holdings, why: string) => void;
  } = {},
): Promise<Holdings> {
  const see = async <Kind extends keyof Holdings & keyof Listed>(kind: Kind): Promise<Listed[Kind][]> => {
    if (!kinds.includes(kind)) return [];
    const { service, list } = LISTS[kind];
    const listed = (client: ServiceClient) => list(client, within);
    if (needed.includes(kind)) return listed(await session.service(service));
    return allowed(session, service, listed, (why) => within.unseen?.(kind, why));
  };
  const [backups, volumes, snapshots, images, secrets, servers] = await Promise.all([
    see('backups').catch((error: unknown) => {
      if (within.closed === undefined || !hasStatus(error, 403, 404)) throw error;
      within.closed(error);
      return [];
    }),
    see('volumes'),
    see('snapshots'),
    see('images'),
    see('secrets'),
    see('servers'),
  ]);
  const used = new Set([
    ...[...volumes, ...backups].map(({ encryptionKeyId }) => encryptionKeyId),
    ...images.map(({ properties }) => properties[KEY_ID]),
  ]);
  const records = (client: ServiceClient) => recordsOf(client, secrets, used);
  const withRecords =
    secrets.length === 0
      ? []
      : needed.includes('secrets')
        ? await records(await session.service('key-manager'))
        : await allowed(session, 'key-manager', records);
  return { backups, volumes, snapshots, images, secrets: withRecords, servers };
}

/** A secret older than this is no longer searched for a record in its metadata. */
const RECENT_MS = 2 * 24 * 3_600_000;

/**
 * A secret that a restore makes to stay has its record in its metadata, which lists do not show. So the metadata of the
 * user's own recent secrets is read, one by one. An image's key needs no record, since it is deleted with its image. A
 * secret that encrypts a volume, a backup or an image is in use, so it is no leftover.
 */
async function recordsOf(
  client: ServiceClient,
  secrets: readonly ListedSecret[],
  used: ReadonlySet<string | undefined>,
): Promise<HeldSecret[]> {
  const { clock, scope } = client.session;
  const mine = ({ id, creatorId, createdAt }: ListedSecret) =>
    !used.has(id) && creatorId === scope.user.id && clock.now() - Date.parse(createdAt) < RECENT_MS;
  const read = new Map<string, Record<string, string>>();
  await pool(secrets.filter(mine), 8, async ({ id }) => {
    read.set(id, await metadataOf(client, id));
  });
  return secrets.map((secret) => ({ ...secret, metadata: read.get(secret.id) ?? NOTHING }));
}

const NOTHING = {};

/** The secret may be deleted meanwhile, or its metadata be hidden from the user. */
async function metadataOf(client: ServiceClient, secretId: string): Promise<Record<string, string>> {
  try {
    return await getSecretMetadata(client, secretId);
  } catch (error) {
    if (hasStatus(error, 401, 403, 404)) return {};
    throw error;
  }
}

/**
 * What the user may list: whoever may not list a kind of temporary could not have made one either. The access rules of
 * an application credential answer 401. If a service is down, a later run asks it: it must not block a restore that
 * does not need it.
 */
async function allowed<T>(
  session: Session,
  service: Service,
  list: (client: ServiceClient) => Promise<T[]>,
  unseen: (why: string) => void = () => {},
): Promise<T[]> {
  if (!session.has(service)) {
    unseen(`the cloud has no ${service} service`);
    return [];
  }
  try {
    return await list(await session.service(service));
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const { message } = error;
    unseen(message);
    if (hasStatus(error, 401, 403, 404)) session.log.debug(`${message}: nothing to clean up there`);
    else session.log.warn(`${message}: what interrupted runs left there waits for a later run`);
    return [];
  }
}
