/** Neutron: networks, ports, floating IPs and security groups, as a user meets them. There is no real one to compare it with. */
import { authenticate, type Core, unauthorized } from '../core.ts';
import { type AuthedCall, type JsonObject, param, type Reply, Router, type Service } from '../http.ts';
import { errorReply } from './call.ts';
import { updateFloatingIp } from './floating-ips.ts';
import { createPort, deletePort, updatePort, visibleNetworks, visiblePorts } from './ports.ts';
import { createGroup, deleteGroup, deleteRule, quotaDetails, updateGroup } from './security-groups.ts';
import { floatingIpView, networkView, portView, securityGroupView, subnetView } from './views.ts';

const COLLECTIONS = ['networks', 'subnets', 'ports', 'floatingips', 'security-groups'] as const;
type Collection = (typeof COLLECTIONS)[number];

function rows({ state }: Core, { projectId }: AuthedCall, collection: Collection): JsonObject[] {
  const { network: tables } = state;
  const own = (row: { projectId: string }) => row.projectId === projectId;
  const networks = visibleNetworks(tables, projectId);
  switch (collection) {
    case 'networks':
      return networks.map((network) => networkView(tables, network));
    case 'subnets':
      return networks.flatMap(({ id }) => tables.subnetsOf(id)).map(subnetView);
    case 'ports':
      return visiblePorts(tables, projectId).sort(byId).map(portView);
    case 'floatingips':
      return [...tables.floatingIps.values()].filter(own).map(floatingIpView);
    case 'security-groups':
      return [...tables.securityGroups.values()].filter(own).map(securityGroupView);
  }
}

/** Not in the order in which a server has them. */
function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** By any field; what is no field of it, such as `limit`, is passed over. */
function filtered(all: readonly JsonObject[], query: URLSearchParams): JsonObject[] {
  const matches = (field: unknown, value: string) =>
    Array.isArray(field) ? field.some((part) => hasPart(part, value)) : String(field) === value;
  return all.filter((row) =>
    [...query].every(([key, value]) => row[key] === undefined || matches(row[key], value)),
  );
}

/** As in `fixed_ips=ip_address=192.0.2.7`. */
function hasPart(part: JsonObject, wanted: string): boolean {
  const [key = '', ...value] = wanted.split('=');
  return String(part[key]) === value.join('=');
}

function routes(core: Core): Router<AuthedCall> {
  const router = new Router<AuthedCall>();
  for (const collection of COLLECTIONS) {
    const key = collection.replaceAll('-', '_');
    router
      .on('GET', `/v2.0/${collection}`, (call) => ({
        status: 200,
        json: { [key]: filtered(rows(core, call, collection), call.query) },
      }))
      .on('GET', `/v2.0/${collection}/:id`, (call, params) => {
        const id = param(params, 'id');
        const row = rows(core, call, collection).find((each) => each['id'] === id);
        return row === undefined
          ? errorReply(404, 'HTTPNotFound', `${collection} ${id} could not be found.`)
          : { status: 200, json: { [key.replace(/s$/, '')]: row } };
      });
  }
  return router
    .on('POST', '/v2.0/ports', (call) => createPort(core, call))
    .on('PUT', '/v2.0/ports/:id', (call, params) => updatePort(core, call, params))
    .on('DELETE', '/v2.0/ports/:id', (call, params) => deletePort(core, call, params))
    .on('POST', '/v2.0/security-groups', (call) => createGroup(core, call))
    .on('PUT', '/v2.0/security-groups/:id', (call, params) => updateGroup(core, call, params))
    .on('DELETE', '/v2.0/security-groups/:id', (call, params) => deleteGroup(core, call, params))
    .on('DELETE', '/v2.0/security-group-rules/:id', (call, params) => deleteRule(core, call, params))
    .on('GET', '/v2.0/quotas/:id/details', (call, params) => quotaDetails(core, call, params))
    .on('PUT', '/v2.0/floatingips/:id', (call, params) => updateFloatingIp(core, call, params));
}

const notFound = (): Reply => errorReply(404, 'HTTPNotFound', 'The resource could not be found.');

export function neutron(core: Core): Service {
  const router = routes(core);
  return {
    name: 'network',
    prefix: '/network',
    error: (status, message) =>
      status === 401 ? unauthorized(core) : errorReply(status, 'HTTPError', message),
    notFound,
    handle: (call) => {
      if (call.path === '/') {
        const link = { rel: 'self', href: `${call.linkOrigin}/network/v2.0/` };
        return { status: 200, json: { versions: [{ id: 'v2.0', status: 'CURRENT', links: [link] }] } };
      }
      const token = authenticate(core, call);
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return notFound();
      return found.run({ ...call, token, projectId: token.project?.id ?? '' });
    },
  };
}
