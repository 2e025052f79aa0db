/** What Neutron lists: whose rows, by which filters, in which pages. */
import type { Core } from '../core.ts';
import type { AuthedCall, JsonObject } from '../http.ts';
import { refuse } from './call.ts';
import { visibleNetworks, visiblePorts } from './ports.ts';
import { floatingIpView, networkView, portView, securityGroupView, subnetView } from './views.ts';

export const COLLECTIONS = ['networks', 'subnets', 'ports', 'floatingips', 'security-groups'] as const;
export type Collection = (typeof COLLECTIONS)[number];

const NOT_FOUND: Readonly<Record<Collection, readonly [type: string, words: (id: string) => string]>> = {
  networks: ['NetworkNotFound', (id) => `Network ${id} could not be found.`],
  subnets: ['SubnetNotFound', (id) => `Subnet ${id} could not be found.`],
  ports: ['PortNotFound', (id) => `Port ${id} could not be found.`],
  floatingips: ['FloatingIPNotFound', (id) => `Floating IP ${id} could not be found`],
  'security-groups': ['SecurityGroupNotFound', (id) => `Security group ${id} does not exist`],
};

export function notFound(collection: Collection, id: string) {
  const [type, words] = NOT_FOUND[collection];
  return refuse(404, type, words(id));
}

/** In the order of their ids. */
function rows({ state }: Core, { projectId }: AuthedCall, collection: Collection): JsonObject[] {
  const { network: tables } = state;
  const own = (row: { projectId: string }) => row.projectId === projectId;
  const networks = visibleNetworks(tables, projectId);
  switch (collection) {
    case 'networks':
      return networks.map((network) => networkView(tables, network));
    case 'subnets':
      return networks.flatMap(({ id }) => tables.subnetsOf(id)).map((subnet) => subnetView(tables, subnet));
    case 'ports':
      return visiblePorts(tables, projectId).map(portView);
    case 'floatingips':
      return [...tables.floatingIps.values()].filter(own).map((ip) => floatingIpView(tables, ip));
    case 'security-groups':
      return [...tables.securityGroups.values()].filter(own).map((group) => securityGroupView(group));
  }
}

export function oneOf(core: Core, call: AuthedCall, collection: Collection, id: string): JsonObject {
  const row = rows(core, call, collection).find((each) => each['id'] === id);
  if (row === undefined) throw notFound(collection, id);
  return row;
}

/** What is no field of a row. */
const WORDS = ['limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir', 'fields'];
/** Fields to filter by, seen where there is no row to look at. */
const FIELDS: Readonly<Record<Collection, readonly string[]>> = {
  networks: ['id', 'name', 'project_id', 'tenant_id', 'shared', 'router:external', 'description', 'status'],
  subnets: ['id', 'name', 'project_id', 'tenant_id', 'network_id', 'cidr', 'ip_version', 'description'],
  ports: [
    ...['id', 'name', 'project_id', 'tenant_id', 'network_id', 'device_id', 'device_owner', 'description'],
    ...['mac_address', 'fixed_ips', 'status', 'security_groups'],
  ],
  floatingips: [
    ...['id', 'project_id', 'tenant_id', 'floating_ip_address', 'fixed_ip_address', 'port_id'],
    ...['floating_network_id', 'router_id', 'status', 'description'],
  ],
  'security-groups': ['id', 'name', 'project_id', 'tenant_id', 'description', 'shared', 'stateful'],
};

/** As Neutron answers a list: a page, with links if a limit was given. */
export function list(core: Core, call: AuthedCall, collection: Collection): JsonObject {
  const { query } = call;
  const key = collection.replaceAll('-', '_');
  const unknown = [...query.keys()].filter(
    (word) => !WORDS.includes(word) && !FIELDS[collection].includes(word),
  );
  if (unknown.length > 0)
    throw refuse(
      400,
      'HTTPBadRequest',
      `[${unknown.map((word) => `'${word}'`).join(', ')}] is invalid attribute for filtering`,
    );
  const limit = limitOf(query.get('limit'));
  const all = rows(core, call, collection).sort(byId);
  const marker = query.get('marker');
  const at = marker === null ? -1 : all.findIndex((row) => row['id'] === marker);
  if (marker !== null && at < 0) throw notFound(collection, marker);
  const found = filtered(all.slice(at + 1), query);
  if (limit === 0) return { [key]: found };
  const page = found.slice(0, limit);
  return { [key]: page, [`${key}_links`]: linksOf(call, page, limit) };
}

/** 0: none. */
function limitOf(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d+$/.test(text))
    throw refuse(
      400,
      'BadRequest',
      `Bad limit request: Limit must be an integer 0 or greater and not '${text}'.`,
    );
  return Number(text);
}

function byId(a: JsonObject, b: JsonObject): number {
  return String(a['id']) < String(b['id']) ? -1 : 1;
}

/** The way back is in every page. */
function linksOf({ linkOrigin, path, query }: AuthedCall, page: readonly JsonObject[], limit: number) {
  const link = (rel: string, marker: unknown, more: Readonly<Record<string, string>> = {}) => {
    const words = new URLSearchParams(query);
    words.delete('marker');
    for (const [name, value] of Object.entries({ marker: String(marker), ...more })) words.set(name, value);
    return { rel, href: `${linkOrigin}/network${path}?${words}` };
  };
  const [first, last] = [page[0], page.at(-1)];
  return [
    ...(page.length < limit ? [] : [link('next', last?.['id'])]),
    ...(first === undefined ? [] : [link('previous', first['id'], { page_reverse: 'True' })]),
  ];
}

function filtered(all: readonly JsonObject[], query: URLSearchParams): JsonObject[] {
  const matches = (field: unknown, value: string) =>
    Array.isArray(field) ? field.some((part) => hasPart(part, value)) : String(field) === value;
  const wanted = [...query].filter(([word]) => !WORDS.includes(word));
  return all.filter((row) => wanted.every(([key, value]) => matches(row[key], value)));
}

/** As in `fixed_ips=ip_address=192.0.2.7`. */
function hasPart(part: JsonObject | string, wanted: string): boolean {
  if (typeof part === 'string') return part === wanted;
  const [key = '', ...value] = wanted.split('=');
  return String(part[key]) === value.join('=');
}
