/** Glance v2. Answers compared with a 2026.2 Glance with a file store. */
import { authenticate, type Core } from '../core.ts';
import {
  type AuthedCall,
  type Call,
  type JsonObject,
  type Params,
  type Reply,
  Router,
  type Service,
} from '../http.ts';
import { download, upload } from './data.ts';
import { imageError, imageRefusal } from './errors.ts';
import { EMPTY, find, findOwn, showImage } from './find.ts';
import { create, remove } from './images.ts';
import { list } from './list.ts';
import { memberRoutes } from './members.ts';
import { patch } from './patch.ts';

/** Also the owner may, in a Glance of today. */
function setActive(core: Core, call: AuthedCall, params: Params, active: boolean): Reply {
  const [verb, from, to] = active
    ? (['reactivate', 'deactivated', 'active'] as const)
    : (['deactivate', 'active', 'deactivated'] as const);
  const image = findOwn(core, call, params, verb);
  if (image.status !== from && image.status !== to)
    throw imageRefusal(403, `Not allowed to ${verb} image in status '${image.status}'`);
  image.status = to;
  return EMPTY;
}

function routes(core: Core): Router<AuthedCall> {
  const one = '/v2/images/:id';
  const router = new Router<AuthedCall>();
  memberRoutes(core, router);
  return router
    .on('GET', '/v2/images', (call) => list(core, call))
    .on('POST', '/v2/images', (call) => create(core, call))
    .on('GET', one, (call, params) => ({ status: 200, json: showImage(find(core, call, params)) }))
    .on('PATCH', one, (call, params) => patch(core, call, params))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('GET', `${one}/file`, (call, params) => download(core, call, params))
    .on('PUT', `${one}/file`, (call, params) => upload(core, call, params))
    .on('POST', `${one}/actions/deactivate`, (call, params) => setActive(core, call, params, false))
    .on('POST', `${one}/actions/reactivate`, (call, params) => setActive(core, call, params, true))
    .on('GET', `${one}/tasks`, (call, params) => {
      find(core, call, params);
      return { status: 200, json: { tasks: [] } };
    })
    .on('GET', '/v2/info/import', () => ({
      status: 200,
      json: {
        'import-methods': {
          description: 'Import methods available.',
          type: 'array',
          value: ['glance-direct', 'web-download', 'copy-image'],
        },
      },
    }))
    .on('GET', '/v2/info/stores', () => ({
      status: 200,
      json: { stores: [{ id: 'file', default: 'true' }] },
    }))
    .on('GET', '/v2/info/usage', () => ({ status: 200, json: { usage: {} } }));
}

function versions(call: Call): JsonObject {
  const minors = [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0];
  return {
    versions: minors.map((minor) => ({
      id: `v2.${minor}`,
      status: minor === 17 ? 'CURRENT' : 'SUPPORTED',
      links: [{ rel: 'self', href: `${call.linkOrigin}/image/v2/` }],
    })),
  };
}

export function glance(core: Core): Service {
  const router = routes(core);
  const refuse401: Reply = {
    ...imageError(
      401,
      'This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.',
    ),
    headers: { 'WWW-Authenticate': `Keystone uri="${core.origin}/identity/v3"` },
  };
  return {
    name: 'image',
    prefix: '/image',
    streams: (method, path) => method === 'PUT' && path.endsWith('/file'),
    error: (status, message) => (status === 401 ? refuse401 : imageError(status, message)),
    notFound: (path) => imageError(404, `No image found with ID ${path.split('/')[3] ?? ''}`),
    handle: async (call) => {
      if (call.path === '/' || call.path === '/versions') {
        return { status: call.path === '/' ? 300 : 200, json: versions(call) };
      }
      const token = authenticate(core, call, refuse401);
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return imageError(404, null);
      return found.run({ ...call, token, projectId: token.project?.id ?? '' });
    },
  };
}
