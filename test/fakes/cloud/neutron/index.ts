/** Neutron: networks, ports, floating IPs and security groups, as a user meets them; test/fakes/compare/networks.ts compares it. */
import { authenticate, type Core, unauthorized } from '../core.ts';
import { type AuthedCall, param, type Reply, Router, type Service } from '../http.ts';
import { errorReply } from './call.ts';
import { createFloatingIp, deleteFloatingIp, updateFloatingIp } from './floating-ips.ts';
import { COLLECTIONS, list, oneOf } from './lists.ts';
import { createNetwork, createSubnet, deleteNetwork } from './networks.ts';
import { createPort, deletePort, updatePort } from './ports.ts';
import { quotaDetails } from './quotas.ts';
import { createGroup, deleteGroup, deleteRule, updateGroup } from './security-groups.ts';

const RESOURCES = ['network', 'subnet', 'subnetpool', 'port'];

function routes(core: Core): Router<AuthedCall> {
  const router = new Router<AuthedCall>();
  for (const collection of COLLECTIONS)
    router
      .on('GET', `/v2.0/${collection}`, (call) => ({ status: 200, json: list(core, call, collection) }))
      .on('GET', `/v2.0/${collection}/:id`, (call, params) => ({
        status: 200,
        json: {
          [collection.replaceAll('-', '_').replace(/s$/, '')]: oneOf(
            core,
            call,
            collection,
            param(params, 'id'),
          ),
        },
      }));
  return router
    .on('POST', '/v2.0/networks', (call) => createNetwork(core, call))
    .on('DELETE', '/v2.0/networks/:id', (call, params) => deleteNetwork(core, call, params))
    .on('POST', '/v2.0/subnets', (call) => createSubnet(core, call))
    .on('POST', '/v2.0/ports', (call) => createPort(core, call))
    .on('PUT', '/v2.0/ports/:id', (call, params) => updatePort(core, call, params))
    .on('DELETE', '/v2.0/ports/:id', (call, params) => deletePort(core, call, params))
    .on('POST', '/v2.0/security-groups', (call) => createGroup(core, call))
    .on('PUT', '/v2.0/security-groups/:id', (call, params) => updateGroup(core, call, params))
    .on('DELETE', '/v2.0/security-groups/:id', (call, params) => deleteGroup(core, call, params))
    .on('DELETE', '/v2.0/security-group-rules/:id', (call, params) => deleteRule(core, call, params))
    .on('GET', '/v2.0/quotas/:id/details', (call, params) => quotaDetails(core, call, params))
    .on('POST', '/v2.0/floatingips', (call) => createFloatingIp(core, call))
    .on('PUT', '/v2.0/floatingips/:id', (call, params) => updateFloatingIp(core, call, params))
    .on('DELETE', '/v2.0/floatingips/:id', (call, params) => deleteFloatingIp(core, call, params));
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
      const here = `${call.linkOrigin}/network/v2.0/`;
      if (call.path === '/')
        return {
          status: 200,
          json: { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: here }] }] },
        };
      const token = authenticate(core, call);
      if (call.path === '/v2.0/')
        return {
          status: 200,
          json: {
            resources: RESOURCES.map((name) => ({
              name,
              collection: `${name}s`,
              links: [{ rel: 'self', href: `${here}${name}s` }],
            })),
          },
        };
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return notFound();
      return found.run({ ...call, token, projectId: token.project?.id ?? '' });
    },
  };
}
