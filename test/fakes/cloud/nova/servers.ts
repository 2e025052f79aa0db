/** Servers: list, show, create (from a volume or an image), delete, start and stop. */
import { type Core, workTicks } from '../core.ts';
import { mayRead } from '../glance-internals.ts';
import {
  isObject,
  type JsonObject,
  type Params,
  param,
  parseJson,
  type Reply,
  type Router,
} from '../http.ts';
import { attachVolume, detachVolume, nextDevice } from '../seed.ts';
import { type Image, type Server, uuid, type Volume } from '../state.ts';
import {
  beginAction,
  findServer,
  links,
  mustBeMember,
  type NovaCall,
  readBody,
  refuse,
  textOf,
} from './call.ts';
import { createImage } from './images.ts';
import { serverDetail, serverSummary } from './views.ts';

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

function rootImage(core: Core, call: NovaCall, ref: string | null): Image | null {
  if (ref === null || ref === '') return null;
  const image = core.state.images.get(ref);
  if (image === undefined || !mayRead(image, call.token)) throw refuse(400, `Can not find requested image`);
  if (image.status !== 'active') throw refuse(400, `Image ${ref} is not active.`);
  if (image.properties['cinder_encryption_key_id'] !== undefined) {
    throw refuse(400, 'Direct booting of an image uploaded from an encrypted volume is unsupported.');
  }
  return image;
}

interface WantedVolume {
  volume: Volume;
  bootIndex: number | null;
  deleteOnTermination: boolean;
}

function wantedVolumes(core: Core, call: NovaCall, body: JsonObject): WantedVolume[] {
  const mapping = body['block_device_mapping_v2'];
  if (!Array.isArray(mapping)) return [];
  return mapping.flatMap((entry) => {
    if (!isObject(entry) || entry['source_type'] !== 'volume') return [];
    const id = textOf(entry['uuid']) ?? '';
    const volume = core.state.volumes.get(id);
    if (volume === undefined || volume.projectId !== call.projectId) {
      throw refuse(400, `Block Device Mapping is Invalid: failed to get volume ${id}.`);
    }
    if (volume.status !== 'available') {
      throw refuse(
        400,
        `Invalid volume: volume ${id} status must be 'available'. Currently in '${volume.status}'`,
      );
    }
    const index = entry['boot_index'];
    return [
      {
        volume,
        bootIndex: typeof index === 'number' && index >= 0 ? index : null,
        deleteOnTermination: entry['delete_on_termination'] === true,
      },
    ];
  });
}

function create(core: Core, call: NovaCall): Reply {
  const body = readBody(call.raw, 'server', ['name', 'flavorRef']);
  if (call.minor >= 37 && body['networks'] === undefined) {
    throw refuse(
      400,
      `Invalid input for field/attribute server. Value: ${JSON.stringify(body)}. 'networks' is a required property`,
    );
  }
  mustBeMember(core, call, 'os_compute_api:servers:create');
  const flavorId = String(body['flavorRef']).split('/').at(-1) ?? '';
  if (!core.state.flavors.has(flavorId)) throw refuse(400, `Flavor ${flavorId} could not be found.`);
  const image = rootImage(core, call, textOf(body['imageRef']));
  const wanted = wantedVolumes(core, call, body);
  if (image === null && !wanted.some(({ bootIndex }) => bootIndex === 0)) {
    throw refuse(
      400,
      'Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.',
    );
  }
  const root = wanted.find(({ bootIndex }) => bootIndex === 0);
  if (root !== undefined && !root.volume.bootable) {
    throw refuse(400, `Block Device ${root.volume.id} is not bootable.`);
  }
  const now = core.clock.now();
  const server: Server = {
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    name: String(body['name']),
    status: 'BUILD',
    taskState: 'scheduling',
    imageId: image?.id ?? null,
    flavorId,
    keyName: textOf(body['key_name']),
    metadata: isObject(body['metadata'])
      ? Object.fromEntries(Object.entries(body['metadata']).map(([key, value]) => [key, String(value)]))
      : {},
    tags: Array.isArray(body['tags']) ? body['tags'].map(String) : [],
    description: textOf(body['description']),
    availabilityZone: textOf(body['availability_zone']) ?? 'nova',
    securityGroups: ['default'],
    addresses: {},
    configDrive: body['config_drive'] === true,
    createdAt: now,
    updatedAt: now,
    volumes: [],
    actions: [],
    fault: null,
    root: null,
  };
  core.state.servers.set(server.id, server);
  call.created(server.id);
  for (const { volume } of wanted) volume.status = 'reserved';
  build(core, call, server, image, wanted);
  return {
    status: 202,
    headers: { Location: `${call.linkOrigin}/compute/v2.1/servers/${server.id}` },
    json: {
      server: {
        id: server.id,
        links: links(call, 'servers', server.id),
        'OS-DCF:diskConfig': 'MANUAL',
        security_groups: [{ name: 'default' }],
        adminPass: 'bzLwYhaM6wVm',
      },
    },
  };
}

function build(
  core: Core,
  call: NovaCall,
  server: Server,
  image: Image | null,
  wanted: WantedVolume[],
): void {
  const end = beginAction(core, call, server, 'create', 'compute__do_build_and_run_instance');
  call.job({
    ticks: workTicks(core, 1),
    begin: () => {
      server.taskState = 'spawning';
    },
    done: () => {
      server.root = image?.data?.clone() ?? null;
      const order = [...wanted].sort((a, b) => (a.bootIndex ?? 99) - (b.bootIndex ?? 99));
      for (const { volume, bootIndex, deleteOnTermination } of order) {
        attachVolume(core, server, volume, nextDevice(server));
        const attached = server.volumes.at(-1);
        if (attached !== undefined) Object.assign(attached, { bootIndex, deleteOnTermination });
      }
      server.status = 'ACTIVE';
      server.taskState = null;
      server.updatedAt = core.clock.now();
      end();
    },
    fail: (failure) => {
      server.status = 'ERROR';
      server.taskState = null;
      server.fault = { code: 500, message: failure.message, created: core.clock.now() };
      for (const { volume } of wanted) volume.status = 'available';
      end(failure.message);
    },
  });
}

function remove(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  mustBeMember(core, call, 'os_compute_api:servers:delete');
  server.taskState = 'deleting';
  call.job({
    ticks: 2,
    done: () => {
      for (const { volumeId, deleteOnTermination } of [...server.volumes]) {
        const volume = core.state.volumes.get(volumeId);
        if (volume === undefined) continue;
        detachVolume(core, server, volume);
        if (deleteOnTermination) core.state.volumes.delete(volumeId);
      }
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
  mustBeMember(core, call, `os_compute_api:servers:${start ? 'start' : 'stop'}`);
  const expected = start ? 'SHUTOFF' : 'ACTIVE';
  if (server.taskState !== null) {
    throw refuse(
      409,
      `Cannot '${start ? 'start' : 'stop'}' instance ${server.id} while it is in task_state ${server.taskState}`,
    );
  }
  if (server.status !== expected) {
    const vmState = server.status === 'SHUTOFF' ? 'stopped' : server.status.toLowerCase();
    throw refuse(
      409,
      `Cannot '${start ? 'start' : 'stop'}' instance ${server.id} while it is in vm_state ${vmState}`,
    );
  }
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

function act(core: Core, call: NovaCall, params: Params): Reply | Promise<Reply> {
  const body = parseJson(call.raw);
  const names = isObject(body) ? Object.keys(body) : [];
  const [name] = names;
  if (name === undefined || names.length !== 1) throw refuse(400, 'Malformed request body');
  if (name !== 'createImage' && name !== 'os-start' && name !== 'os-stop') {
    throw refuse(400, `There is no such action: ${name}`);
  }
  const server = findServer(core, call, param(params, 'id'));
  return name === 'createImage' ? createImage(core, call, server) : power(core, call, server, name);
}

export function serverRoutes(core: Core, router: Router<NovaCall>): void {
  const one = '/v2.1/servers/:id';
  router
    .on('GET', '/v2.1/servers', (call) => list(core, call, false))
    .on('GET', '/v2.1/servers/detail', (call) => list(core, call, true))
    .on('POST', '/v2.1/servers', (call) => create(core, call))
    .on('GET', one, (call, params) => ({
      status: 200,
      json: { server: serverDetail(core, call, findServer(core, call, param(params, 'id'))) },
    }))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('POST', `${one}/action`, (call, params) => act(core, call, params))
    .on('GET', `${one}/metadata`, (call, params) => ({
      status: 200,
      json: { metadata: { ...findServer(core, call, param(params, 'id')).metadata } },
    }));
}
