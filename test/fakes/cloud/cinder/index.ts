/** Cinder v3 as a service: discovery, microversions, projects in the URL, routes. */
import { authenticate, type Core, unauthorized } from '../core.ts';
import { type Call, headerOf, type JsonObject, Refusal, type Reply, Router, type Service } from '../http.ts';
import { attachmentRoutes } from './attachments.ts';
import { backupRoutes } from './backups.ts';
import { type CinderCall, fault, refuse } from './call.ts';
import { limitRoutes } from './limits.ts';
import { messageRoutes } from './messages.ts';
import { snapshotRoutes } from './snapshots.ts';
import { typeRoutes } from './types.ts';
import { volumeRoutes } from './volumes.ts';

const NO_ROUTE: Reply = { status: 404, page: { explanation: null } };

function versionDocument(core: Core, call: Call): JsonObject {
  return {
    id: 'v3.0',
    status: 'CURRENT',
    version: core.options.cinderMax,
    min_version: '3.0',
    updated: '2023-08-31T00:00:00Z',
    links: [
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
      { rel: 'self', href: `${call.linkOrigin}/volume/v3/` },
    ],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
  };
}

/** The minor version asked for, as its text; checked in the Resource, so before the request's body. */
function askedVersion(core: Core, call: Call): string {
  const header = headerOf(call, 'openstack-api-version');
  const part = header?.split(',').find((each) => each.includes('volume'));
  if (part === undefined) return '3.0';
  const asked = part.trim().split(/\s+/)[1] ?? '';
  return asked === 'latest' ? core.options.cinderMax : asked;
}

function minorOf(core: Core, version: string): number {
  const match = /^(\d+)\.(\d+)$/.exec(version);
  if (match === null) {
    throw refuse(
      400,
      `API Version String ${version} is of invalid format. Must be of format MajorNum.MinorNum.`,
    );
  }
  const minor = Number(match[2]);
  if (match[1] !== '3' || minor > Number(core.options.cinderMax.split('.')[1])) {
    throw refuse(
      406,
      `Version ${version} is not supported by the API. Minimum is 3.0 and maximum is ${core.options.cinderMax}.`,
    );
  }
  return minor;
}

/** Takes a project's id off the path. Only since 3.67 may it be left out. */
function splitProject(core: Core, path: string): { project: string; rest: string } | undefined {
  const match = /^\/v3\/([0-9a-f]{32})(\/.*)?$/.exec(path);
  if (match !== null) return { project: match[1] ?? '', rest: match[2] ?? '/' };
  const bare = Number(core.options.cinderMax.split('.')[1]) >= 67;
  return bare ? { project: '', rest: path.slice('/v3'.length) || '/' } : undefined;
}

async function run(core: Core, router: Router<CinderCall>, call: Call, version: string): Promise<Reply> {
  const token = authenticate(core, call);
  if (call.path === '/v3' || call.path === '/v3/') {
    return { status: 200, json: { versions: [versionDocument(core, call)] } };
  }
  const split = splitProject(core, call.path);
  const found = split === undefined ? 'no-path' : router.find(call.method, split.rest);
  if (split === undefined || typeof found === 'string') return NO_ROUTE;
  const minor = minorOf(core, version);
  const projectId = token.project?.id ?? '';
  if (split.project !== '' && split.project !== projectId) return fault(400, 'Malformed request url');
  return found.run({ ...call, token, projectId, minor, urlProject: split.project });
}

const NOUNS: Record<string, string> = {
  volumes: 'Volume',
  backups: 'Backup',
  snapshots: 'Snapshot',
  types: 'Volume type',
  messages: 'Message',
};

export function cinder(core: Core): Service {
  const router = new Router<CinderCall>();
  volumeRoutes(core, router);
  snapshotRoutes(core, router);
  backupRoutes(core, router);
  limitRoutes(core, router);
  messageRoutes(core, router);
  typeRoutes(core, router);
  attachmentRoutes(core, router);
  return {
    name: 'volume',
    prefix: '/volume',
    error: (status, message) => (status === 401 ? unauthorized(core) : fault(status, message)),
    notFound: (path) => {
      const parts = path.split('/');
      const at = parts.findIndex((part) => NOUNS[part] !== undefined);
      return fault(404, `${NOUNS[parts[at] ?? ''] ?? 'Resource'} ${parts[at + 1] ?? ''} could not be found.`);
    },
    handle: async (call) => {
      if (call.path === '/') {
        return {
          status: 300,
          headers: { 'OpenStack-API-Version': 'volume 3.0', Vary: 'OpenStack-API-Version' },
          json: { versions: [versionDocument(core, call)] },
        };
      }
      const version = askedVersion(core, call);
      let reply: Reply;
      try {
        reply = await run(core, router, call, version);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        reply = error.reply;
      }
      if (reply.status === 401 || reply === NO_ROUTE) return reply;
      // A version that is none is not repeated.
      if (!/^\d+\.\d+$/.test(version)) return reply;
      // Nor where the answer is bare text.
      if (/\/encryption\/[^/]+$/.test(call.path)) return reply;
      const headers = {
        'x-compute-request-id': call.requestId,
        'OpenStack-API-Version': `volume ${version}`,
        Vary: 'OpenStack-API-Version',
        ...reply.headers,
      };
      return { ...reply, headers };
    },
  };
}
