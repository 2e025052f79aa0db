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
import { pool } from '../pool.ts';
import { LISTS, type Listed, type Within } from './lists.ts';

export interface HeldSecret extends ListedSecret {
  /** Empty where it was not read. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a project holds of all that a run may leave behind. */
export interface Holdings {
  readonly backups: readonly Backup[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
  readonly images: readonly Image[];
  readonly secrets: readonly HeldSecret[];
  readonly servers: readonly Server[];
}

const ALL = ['backups', 'volumes', 'snapshots', 'images', 'secrets', 'servers'] as const;

/**
 * Lists all that the user may see; a cloud without a service has nothing of its kinds.
 *
 * @param needed what else is done with: there a failure is an error
 * @param kinds what is listed; the others are empty
 * @param within what a list is narrowed to, and who is told that one is closed
 */
export async function holdingsOf(
  session: Session,
  needed: readonly (keyof Holdings)[] = [],
  kinds: readonly (keyof Holdings)[] = ALL,
  within: Within & {
    /** Told why the cloud shows no backups: it has no such API, or the user may not use it. Else that is an error. */
    readonly closed?: (error: CloudError) => void;
    /** Told of each kind that is not needed and could not be listed: that nothing of it was found says nothing then. */
    readonly unseen?: (kind: keyof Holdings, why: string) => void;
  } = {},
): Promise<Holdings> {
  const see = async <Kind extends keyof Listed>(kind: Kind): Promise<Listed[Kind][]> => {
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

/** After which nobody looks for a record in a secret's metadata any more. */
const RECENT_MS = 2 * 24 * 3_600_000;

/**
 * A secret that a restore makes to stay has its record in its metadata, which lists do not show: that of the user's own
 * and recent ones is read, one by one. An image's key needs none: it goes with its image; and what a volume, a backup or
 * an image is encrypted with is left over by nobody.
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

/** One may be deleted meanwhile, or its metadata not be shown. */
async function metadataOf(client: ServiceClient, secretId: string): Promise<Record<string, string>> {
  try {
    return await getSecretMetadata(client, secretId);
  } catch (error) {
    if (hasStatus(error, 401, 403, 404)) return {};
    throw error;
  }
}

/**
 * What the user may list; who may not list a kind of temporaries could not make them either. The access rules of an
 * application credential say 401. A service that is down has to be asked by a later run: it must not keep anybody from
 * restoring what does not need it.
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
