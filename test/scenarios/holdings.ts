import { field, type Json, list, optionalText, text } from '../../src/decode.ts';
import type { Service } from '../../src/openstack/catalog.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { pages } from '../../src/openstack/pages.ts';
import { collect } from '../../src/pool.ts';

/** The kinds of things that a project can have, in the order in which they can be deleted. */
export const KINDS = [
  'servers',
  'backups',
  'volumes',
  'snapshots',
  'images',
  'keyPairs',
  'serverGroups',
  'floatingIps',
  'ports',
  'secrets',
] as const;
export type Kind = (typeof KINDS)[number];

/** A thing of a project as the cloud shows it to its user, raw: a scenario compares all that the cloud says. */
export interface Holding {
  /** The name, for a key pair. */
  readonly id: string;
  readonly status: string;
  readonly raw: Json;
}

interface Table {
  readonly service: Service;
  /** Without `/detail`: where one of them is. */
  readonly path: string;
  readonly list: string;
  readonly key: string;
  readonly paging?: 'marker' | 'offset';
  readonly query?: (projectId: string) => Readonly<Record<string, string>>;
  readonly decode?: (item: Json) => { id: string; raw: Json };
}

const own = (projectId: string) => ({ project_id: projectId });

const TABLES: Readonly<Record<Kind, Table>> = {
  servers: {
    service: 'compute',
    path: '/servers',
    list: '/servers/detail',
    key: 'servers',
    paging: 'marker',
  },
  backups: {
    service: 'block-storage',
    path: '/backups',
    list: '/backups/detail',
    key: 'backups',
    paging: 'marker',
  },
  volumes: {
    service: 'block-storage',
    path: '/volumes',
    list: '/volumes/detail',
    key: 'volumes',
    paging: 'marker',
  },
  snapshots: {
    service: 'block-storage',
    path: '/snapshots',
    list: '/snapshots/detail',
    key: 'snapshots',
    paging: 'marker',
  },
  images: {
    service: 'image',
    path: '/images',
    list: '/images',
    key: 'images',
    paging: 'marker',
    query: (projectId) => ({ owner: projectId }),
  },
  keyPairs: {
    service: 'compute',
    path: '/os-keypairs',
    list: '/os-keypairs',
    key: 'keypairs',
    decode: (item) => ({ id: text(field(item, 'keypair'), 'name'), raw: field(item, 'keypair') }),
  },
  serverGroups: {
    service: 'compute',
    path: '/os-server-groups',
    list: '/os-server-groups',
    key: 'server_groups',
  },
  floatingIps: {
    service: 'network',
    path: '/floatingips',
    list: '/floatingips',
    key: 'floatingips',
    query: own,
  },
  ports: { service: 'network', path: '/ports', list: '/ports', key: 'ports', query: own },
  secrets: {
    service: 'key-manager',
    path: '/secrets',
    list: '/secrets',
    key: 'secrets',
    paging: 'offset',
    decode: (item) => ({ id: text(item, 'secret_ref').split('/').at(-1) ?? '', raw: item }),
  },
};

/** All that the project of the session has of a kind. */
export async function holdings(session: Session, kind: Kind): Promise<Holding[]> {
  const { service, list: path, key, paging, query: ofProject, decode } = TABLES[kind];
  const client = await session.service(service);
  const { id: projectId } = session.scope.project;
  const page = (query: Readonly<Record<string, string | number>>) =>
    client.call({
      doing: `list the ${kind}`,
      method: 'GET',
      path,
      query: { ...ofProject?.(projectId), ...query },
      ok: [200],
      decode: (answer) =>
        list(answer, key, (item) => {
          const decoded = decode?.(item) ?? { id: text(item, 'id'), raw: item };
          return { status: optionalText(decoded.raw, 'status') ?? '', ...decoded };
        }),
    });
  if (paging === undefined) return page({});
  if (paging === 'marker')
    return collect(
      pages(kind, async (query) => {
        const items = await page(query);
        return { items, more: items.length > 0 };
      }),
    );
  const all: Holding[] = [];
  for (;;) {
    const items = await page({ limit: 100, offset: all.length });
    all.push(...items);
    if (items.length === 0) return all;
  }
}

export function pathOf(kind: Kind, id: string): { service: Service; path: string } {
  const { service, path } = TABLES[kind];
  return { service, path: `${path}/${encodeURIComponent(id)}` };
}

export type Inventory = ReadonlyMap<Kind, readonly Holding[]>;

export async function takeInventory(session: Session): Promise<Inventory> {
  return new Map(
    await Promise.all(KINDS.map(async (kind) => [kind, await holdings(session, kind)] as const)),
  );
}

/** On its way out already, so a look a moment later does not find it. */
export function isLeaving({ status, raw }: Holding): boolean {
  return status === 'deleting' || raw['OS-EXT-STS:task_state'] === 'deleting';
}

/** The ids of the keys that something else in the project needs. */
export function keysInUse(inventory: Inventory): Set<string> {
  const ids = [...inventory.values()]
    .flat()
    .flatMap(({ raw }) => [raw['encryption_key_id'], raw['cinder_encryption_key_id']]);
  return new Set(ids.filter((id) => typeof id === 'string'));
}
