/** Nova v2.1 as a service: what a backup tool needs of servers, and little more. */
import { authenticate, type Core, unauthorized } from '../core.ts';
import {
  type Call,
  headerOf,
  type JsonObject,
  param,
  Refusal,
  type Reply,
  Router,
  type Service,
} from '../http.ts';
import { attach, detach, listAttachments, showAttachment, updateAttachment } from './attachments.ts';
import { fault, findServer, type NovaCall, refuse } from './call.ts';
import { keyPairRoutes } from './keypairs.ts';
import { serverGroupRoutes } from './server-groups.ts';
import { serverRoutes } from './servers.ts';
import { actionView, flavorView } from './views.ts';

function version(core: Core, call: Call): JsonObject {
  return {
    id: 'v2.1',
    status: 'CURRENT',
    version: core.options.novaMax,
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${call.linkOrigin}/compute/v2.1/` }],
  };
}

function askedVersion(core: Core, call: Call): string {
  const header = headerOf(call, 'openstack-api-version');
  const modern = header?.split(',').find((part) => part.includes('compute'));
  const asked = modern?.trim().split(/\s+/)[1] ?? headerOf(call, 'x-openstack-nova-api-version') ?? '2.1';
  return asked === 'latest' ? core.options.novaMax : asked;
}

function minorOf(core: Core, asked: string): number {
  const match = /^(\d+)\.(\d+)$/.exec(asked);
  if (match === null) {
    throw refuse(
      400,
      `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
    );
  }
  const minor = Number(match[2]);
  if (match[1] !== '2' || minor < 1 || minor > Number(core.options.novaMax.split('.')[1])) {
    throw refuse(
      406,
      `Version ${asked} is not supported by the API. Minimum is 2.1 and maximum is ${core.options.novaMax}.`,
    );
  }
  return minor;
}

function routes(core: Core): Router<NovaCall> {
  const router = new Router<NovaCall>();
  serverRoutes(core, router);
  keyPairRoutes(core, router);
  serverGroupRoutes(core, router);
  const one = '/v2.1/servers/:id';
  const flavors = () => [...core.state.flavors.values()];
  router
    .on('GET', `${one}/os-volume_attachments`, (call, params) => listAttachments(core, call, params))
    .on('POST', `${one}/os-volume_attachments`, (call, params) => attach(core, call, params))
    .on('GET', `${one}/os-volume_attachments/:volume`, (call, params) => showAttachment(core, call, params))
    .on('PUT', `${one}/os-volume_attachments/:volume`, (call, params) => updateAttachment(core, call, params))
    .on('DELETE', `${one}/os-volume_attachments/:volume`, (call, params) => detach(core, call, params))
    .on('GET', `${one}/os-interface`, (call, params) => {
      findServer(core, call, param(params, 'id'));
      return { status: 200, json: { interfaceAttachments: [] } };
    })
    .on('GET', `${one}/os-instance-actions`, (call, params) => {
      const server = findServer(core, call, param(params, 'id'));
      const actions = server.actions.map((action) => actionView(call, server, action, false));
      return { status: 200, json: { instanceActions: actions } };
    })
    .on('GET', `${one}/os-instance-actions/:request`, (call, params) => {
      const server = findServer(core, call, param(params, 'id'));
      const id = param(params, 'request');
      const action = server.actions.find((each) => each.requestId === id);
      if (action === undefined) return fault(404, `Action ${id} not found`);
      return { status: 200, json: { instanceAction: actionView(call, server, action, true) } };
    })
    .on('GET', '/v2.1/flavors', (call) => ({
      status: 200,
      json: { flavors: flavors().map((flavor) => pick(flavorView(call, flavor), ['id', 'name', 'links'])) },
    }))
    .on('GET', '/v2.1/flavors/detail', (call) => ({
      status: 200,
      json: { flavors: flavors().map((flavor) => flavorView(call, flavor)) },
    }))
    .on('GET', '/v2.1/flavors/:id', (call, params) => {
      const flavor = core.state.flavors.get(param(params, 'id'));
      if (flavor === undefined) return fault(404, `Flavor ${param(params, 'id')} could not be found.`);
      return { status: 200, json: { flavor: flavorView(call, flavor) } };
    })
    .on('GET', '/v2.1/flavors/:id/os-extra_specs', (_call, params) => ({
      status: 200,
      json: { extra_specs: { ...core.state.flavors.get(param(params, 'id'))?.extraSpecs } },
    }))
    .on('GET', '/v2.1/os-availability-zone', () => ({
      status: 200,
      json: { availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true }, hosts: null }] },
    }))
    .on('GET', '/v2.1/limits', (call) => ({ status: 200, json: { limits: limitsOf(core, call) } }));
  return router;
}

/** Nova's own default quota. */
function limitsOf(core: Core, { projectId }: NovaCall): JsonObject {
  const servers = [...core.state.servers.values()].filter((server) => server.projectId === projectId);
  const used = (value: 'vcpus' | 'ram') =>
    servers.reduce((sum, { flavorId }) => sum + (core.state.flavors.get(flavorId)?.[value] ?? 0), 0);
  return {
    rate: [],
    absolute: {
      maxTotalCores: 20,
      maxTotalInstances: 10,
      maxTotalKeypairs: 100,
      maxServerMeta: 128,
      maxTotalRAMSize: 51200,
      maxServerGroups: 10,
      maxServerGroupMembers: 10,
      totalRAMUsed: used('ram'),
      totalCoresUsed: used('vcpus'),
      totalInstancesUsed: servers.length,
      totalServerGroupsUsed: [...core.state.serverGroups.values()].filter(
        (group) => group.projectId === projectId,
      ).length,
    },
  };
}

function pick(view: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, view[key]]));
}

export function nova(core: Core): Service {
  const router = routes(core);
  return {
    name: 'compute',
    prefix: '/compute',
    error: (status, message) => (status === 401 ? unauthorized(core) : fault(status, message)),
    notFound: (path) => fault(404, `Instance ${path.split('/')[3] ?? ''} could not be found.`),
    handle: async (call) => {
      if (call.path === '/') {
        const old = {
          id: 'v2.0',
          status: 'DEPRECATED',
          version: '',
          min_version: '',
          updated: '2025-07-04T12:00:00Z',
          links: [{ rel: 'self', href: `${call.linkOrigin}/compute/v2/` }],
        };
        return { status: 200, json: { versions: [old, version(core, call)] } };
      }
      const asked = askedVersion(core, call);
      const headers = {
        'OpenStack-API-Version': `compute ${asked}`,
        'X-OpenStack-Nova-API-Version': asked,
        Vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
        'x-compute-request-id': call.requestId,
      };
      if (call.path === '/v2.1' || call.path === '/v2.1/') {
        return { status: 200, headers, json: { version: version(core, call) } };
      }
      const token = authenticate(core, call);
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return { status: 404, page: { explanation: null } };
      let reply: Reply;
      try {
        const minor = minorOf(core, asked);
        reply = await found.run({ ...call, token, projectId: token.project?.id ?? '', minor });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        reply = error.reply;
      }
      return { ...reply, headers: { ...headers, ...reply.headers } };
    },
  };
}
