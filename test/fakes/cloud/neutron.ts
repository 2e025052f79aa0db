/** Neutron: lists only, all of one network. */
import { authenticate, type Core, unauthorized } from './core.ts';
import { type AuthedCall, type JsonObject, param, type Reply, Router, type Service } from './http.ts';

const COLLECTIONS = [
  'networks',
  'subnets',
  'ports',
  'routers',
  'floatingips',
  'security-groups',
  'extensions',
  'trunks',
];

const NETWORK_ID = 'b4ab63ab-0be9-4b2f-8d6a-1f1f3c0f7c11';

function rows(call: AuthedCall, collection: string): JsonObject[] {
  if (collection === 'networks') {
    return [{ id: NETWORK_ID, name: 'private', status: 'ACTIVE', project_id: call.projectId, shared: true }];
  }
  if (collection === 'security-groups') {
    return [{ id: '6b7d7ab3-6e0f-4d7e-9d43-9f0bb3f3a4a5', name: 'default', project_id: call.projectId }];
  }
  return [];
}

function errorReply(status: number, message: string): Reply {
  return { status, json: { NeutronError: { type: 'HTTPError', message, detail: '' } } };
}

export function neutron(core: Core): Service {
  const router = new Router<AuthedCall>();
  for (const collection of COLLECTIONS) {
    const key = collection.replaceAll('-', '_');
    router
      .on('GET', `/v2.0/${collection}`, (call) => ({ status: 200, json: { [key]: rows(call, collection) } }))
      .on('GET', `/v2.0/${collection}/:id`, (call, params) => {
        const row = rows(call, collection).find((each) => each['id'] === param(params, 'id'));
        return row === undefined
          ? errorReply(404, `${collection} ${param(params, 'id')} could not be found.`)
          : { status: 200, json: { [key.replace(/s$/, '')]: row } };
      });
  }
  return {
    name: 'network',
    prefix: '/network',
    error: (status, message) => (status === 401 ? unauthorized(core) : errorReply(status, message)),
    notFound: () => errorReply(404, 'The resource could not be found.'),
    handle: (call) => {
      if (call.path === '/') {
        return {
          status: 200,
          json: {
            versions: [
              {
                id: 'v2.0',
                status: 'CURRENT',
                links: [{ rel: 'self', href: `${call.linkOrigin}/network/v2.0/` }],
              },
            ],
          },
        };
      }
      const token = authenticate(core, call);
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return errorReply(404, 'The resource could not be found.');
      return found.run({ ...call, token, projectId: token.project?.id ?? '' });
    },
  };
}
