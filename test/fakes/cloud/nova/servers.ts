/** Servers: list, show, delete, start and stop. */
import type { Core } from '../core.ts';
import {
  isObject,
  type JsonObject,
  type Params,
  param,
  parseJson,
  type Reply,
  type Router,
} from '../http.ts';
import { detachVolume, removeVolume } from '../seed.ts';
import type { Server } from '../state.ts';
import { beginAction, findServer, mustBeMember, type NovaCall, readBody, refuse } from './call.ts';
import { consoleOutput } from './console.ts';
import { createServer } from './create.ts';
import { createImage } from './images.ts';
import { unplug } from './networks.ts';
import { rebuild } from './rebuild.ts';
import { rescue, shelve, unrescue, unshelve } from './shelve.ts';
import { mustBeIn } from './states.ts';
import { serverDetail, serverSummary } from './views.ts';
import { metadataOf } from './words.ts';

function list(core: Core, call: NovaCall, detail: boolean): Reply {
  const { query } = call;
  const asked = query.get('limit');
  if (asked !== null && !/^[0-9]*$/.test(asked)) {
    throw refuse(
      400,
      `Invalid input for query parameters limit. Value: ${asked}. '${asked}' does not match '^[0-9]*$'`,
    );
  }
  const limit = Math.min(asked === null ? core.options.maxLimit : Number(asked), core.options.maxLimit);
  let rows = [...core.state.servers.values()]
    .filter((server) => server.projectId === call.projectId)
    .filter((server) => {
      // A regular expression, and of any part of the name.
      const name = query.get('name');
      const status = query.get('status');
      return (
        (name === null || new RegExp(name).test(server.name)) &&
        (status === null || status.toUpperCase() === server.status)
      );
    })
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
  const marker = query.get('marker');
  if (marker !== null) {
    const index = rows.findIndex((server) => server.id === marker);
    if (index < 0) throw refuse(400, `marker [${marker}] not found`);
    rows = rows.slice(index + 1);
  }
  rows = rows.slice(0, limit);
  const last = rows.at(-1);
  return {
    status: 200,
    json: {
      servers: rows.map((server) =>
        detail ? serverDetail(core, call, server) : serverSummary(call, server),
      ),
      ...(last !== undefined && rows.length === limit
        ? { servers_links: [next(call, detail, last.id)] }
        : {}),
    },
  };
}

function next(call: NovaCall, detail: boolean, marker: string): JsonObject {
  const query = new URLSearchParams(call.query);
  query.set('marker', marker);
  return { rel: 'next', href: `${call.linkOrigin}/compute/v2.1/servers${detail ? '/detail' : ''}?${query}` };
}

function remove(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  mustBeMember(call, 'os_compute_api:servers:delete');
  server.taskState = 'deleting';
  core.state.images.delete(server.shelvedImageId ?? '');
  call.job({
    ticks: 2,
    done: () => {
      for (const { volumeId, deleteOnTermination } of [...server.volumes]) {
        const volume = core.state.volumes.get(volumeId);
        if (volume === undefined) continue;
        detachVolume(core, server, volume);
        if (deleteOnTermination) removeVolume(core, volume);
      }
      unplug(core, server);
      for (const group of core.state.serverGroups.values())
        group.members = group.members.filter((id) => id !== server.id);
      core.state.servers.delete(server.id);
    },
    fail: (failure) => {
      server.status = 'ERROR';
      server.taskState = null;
      server.fault = { code: 500, message: failure.message, created: core.clock.now() };
    },
  });
  return { status: 204 };
}

function power(core: Core, call: NovaCall, server: Server, action: 'os-start' | 'os-stop'): Reply {
  const start = action === 'os-start';
  mustBeMember(call, `os_compute_api:servers:${start ? 'start' : 'stop'}`);
  if (server.status === 'SHELVED_OFFLOADED') throw refuse(409, `Instance ${server.id} is not ready`);
  mustBeIn(server, start ? 'start' : 'stop', [start ? 'SHUTOFF' : 'ACTIVE']);
  const end = beginAction(
    core,
    call,
    server,
    start ? 'start' : 'stop',
    `compute_${start ? 'start' : 'stop'}_instance`,
  );
  server.taskState = start ? 'powering-on' : 'powering-off';
  call.job({
    ticks: 2,
    done: () => {
      server.status = start ? 'ACTIVE' : 'SHUTOFF';
      server.taskState = null;
      server.updatedAt = core.clock.now();
      end();
    },
    fail: (failure) => {
      server.taskState = null;
      end(failure.message);
    },
  });
  return { status: 202 };
}

/** Of a server that is there, whatever it does; all values are strings. */
function replaceMetadata(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  const wanted = metadataOf(readBody(call.raw, 'metadata'));
  mustBeMember(call, 'os_compute_api:server-metadata:update_all');
  if (Object.keys(wanted).length > 128) throw refuse(403, 'Maximum number of metadata items exceeds 128');
  server.metadata = wanted;
  return { status: 200, json: { metadata: { ...server.metadata } } };
}

const ACTIONS: Record<string, (core: Core, call: NovaCall, server: Server) => Reply | Promise<Reply>> = {
  createImage,
  'os-getConsoleOutput': consoleOutput,
  'os-start': (core, call, server) => power(core, call, server, 'os-start'),
  'os-stop': (core, call, server) => power(core, call, server, 'os-stop'),
  shelve,
  unshelve,
  shelveOffload: () => {
    throw refuse(403, "Policy doesn't allow os_compute_api:os-shelve:shelve_offload to be performed.");
  },
  rebuild,
  rescue,
  unrescue,
};

function act(core: Core, call: NovaCall, params: Params): Reply | Promise<Reply> {
  const body = parseJson(call.raw);
  const names = isObject(body) ? Object.keys(body) : [];
  const [name] = names;
  if (name === undefined || names.length !== 1) throw refuse(400, 'Malformed request body');
  const action = ACTIONS[name];
  if (action === undefined) throw refuse(400, `There is no such action: ${name}`);
  return action(core, call, findServer(core, call, param(params, 'id')));
}

export function serverRoutes(core: Core, router: Router<NovaCall>): void {
  const one = '/v2.1/servers/:id';
  router
    .on('GET', '/v2.1/servers', (call) => list(core, call, false))
    .on('GET', '/v2.1/servers/detail', (call) => list(core, call, true))
    .on('POST', '/v2.1/servers', (call) => createServer(core, call))
    .on('GET', one, (call, params) => ({
      status: 200,
      json: { server: serverDetail(core, call, findServer(core, call, param(params, 'id'))) },
    }))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('POST', `${one}/action`, (call, params) => act(core, call, params))
    .on('PUT', `${one}/metadata`, (call, params) => replaceMetadata(core, call, params))
    .on('GET', `${one}/metadata`, (call, params) => ({
      status: 200,
      json: { metadata: { ...findServer(core, call, param(params, 'id')).metadata } },
    }));
}
