import {
  field,
  flag,
  foreignId,
  id,
  type Json,
  list,
  moment,
  object,
  optionalText,
  strings,
  text,
  texts,
} from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';
import { nothing } from '../../service.ts';
import { Watcher } from '../../watcher.ts';
import { decodeEmbeddedFlavor, type FlavorValues } from './flavors.ts';

// https://docs.openstack.org/api-ref/compute/#servers-servers

export interface Server {
  readonly id: string;
  readonly name: string;
  /** From 2.19. */
  readonly description: string;
  /** In capitals: ACTIVE, SHUTOFF, … */
  readonly status: string;
  /** Whether it ever ran. */
  readonly launched: boolean;
  /** What Nova is doing with it; undefined when nothing. */
  readonly taskState: string | undefined;
  /** Whether the hypervisor runs the guest, as Nova last saw it; undefined if that is not shown. */
  readonly powered: boolean | undefined;
  readonly projectId: string;
  readonly createdAt: string;
  /** The image that it was made from; undefined for most volume-backed servers. */
  readonly imageId: string | undefined;
  /** Before 2.47. */
  readonly flavorId: string | undefined;
  /** From 2.47: the values, as they were when the server was made. */
  readonly flavor: FlavorValues | undefined;
  readonly volumes: readonly { readonly id: string; readonly deleteOnTermination: boolean }[];
  /** By the name of the network. */
  readonly addresses: Readonly<Record<string, readonly Address[]>>;
  readonly securityGroups: readonly string[];
  readonly keyName: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** From 2.26. */
  readonly tags: readonly string[];
  readonly availabilityZone: string | undefined;
  readonly configDrive: boolean;
  /** From 2.90. */
  readonly hostname: string | undefined;
  /** Ids, from 2.71. */
  readonly serverGroups: readonly string[];
  readonly locked: boolean;
  /** Why it is in ERROR. */
  readonly fault: string | undefined;
}

export interface Address {
  readonly address: string;
  readonly mac: string | undefined;
  /** `fixed` or `floating`. */
  readonly type: string | undefined;
}

/** A disk of a new server. https://docs.openstack.org/nova/latest/user/block-device-mapping.html */
export interface BlockDevice {
  readonly source: 'volume' | 'image';
  /** Of the volume, or the image. */
  readonly uuid: string;
  /** `local`: the disk that Nova makes from the image. */
  readonly destination: 'volume' | 'local';
  /** 0 boots; -1 never does. */
  readonly bootIndex: number;
  /** A wish: libvirt names disks by their order. */
  readonly device?: string | undefined;
  /** From 2.42. */
  readonly tag?: string | undefined;
  readonly deleteOnTermination: boolean;
}

export interface NetworkWish {
  readonly port?: string | undefined;
  readonly uuid?: string | undefined;
  readonly fixedIp?: string | undefined;
}

export interface CreateServer {
  readonly name: string;
  readonly flavorId: string;
  readonly blockDevices: readonly BlockDevice[];
  /** The image from which Nova makes the server's own disk. */
  readonly imageId?: string | undefined;
  /** Required from 2.37; `none` makes a server without networks. */
  readonly networks: 'none' | 'auto' | readonly NetworkWish[];
  readonly securityGroups?: readonly string[] | undefined;
  readonly keyName?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** From 2.52. */
  readonly tags?: readonly string[] | undefined;
  /** From 2.19. */
  readonly description?: string | undefined;
  /** From 2.90. */
  readonly hostname?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly configDrive?: boolean | undefined;
  /** Id of a server group. */
  readonly group?: string | undefined;
}

const serverUrl = (serverId: string) => `/servers/${encodeURIComponent(serverId)}`;

/** @throws CloudError 404 when there is none with this id in the project */
export function getServer(client: ServiceClient, serverId: string): Promise<Server> {
  return client.call({
    doing: `read server ${serverId}`,
    method: 'GET',
    path: serverUrl(serverId),
    ok: [200],
    decode: (answer) => decodeServer(field(answer, 'server')),
  });
}

/** The project's servers, newest first, a page at a time. */
export function listServers(client: ServiceClient): AsyncGenerator<Server[]> {
  return pages('servers', (page) =>
    client.call({
      doing: 'list the servers',
      method: 'GET',
      path: '/servers/detail',
      query: page,
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'servers', 'server', decodeServer, BLANK),
        more: answer['servers_links'] !== undefined,
      }),
    }),
  );
}

/** @returns the id; the password that Nova generates is dropped */
export function createServer(client: ServiceClient, server: CreateServer): Promise<string> {
  const { group } = server;
  return client.call({
    doing: `create server ${server.name}`,
    method: 'POST',
    path: '/servers',
    json: {
      server: {
        name: server.name,
        flavorRef: server.flavorId,
        imageRef: server.imageId,
        block_device_mapping_v2:
          server.blockDevices.length === 0
            ? undefined
            : server.blockDevices.map((disk) => encodeDisk(client, disk)),
        networks: encodeNetworks(client, server.networks),
        security_groups: server.securityGroups?.map((name) => ({ name })),
        key_name: server.keyName,
        metadata: server.metadata,
        tags: client.supports('2.52') ? server.tags : undefined,
        description: client.supports('2.19') ? server.description : undefined,
        hostname: client.supports('2.90') ? server.hostname : undefined,
        availability_zone: server.availabilityZone,
        config_drive: server.configDrive,
      },
      ...(group === undefined ? {} : { 'os:scheduler_hints': { group } }),
    },
    ok: [202],
    decode: (answer) => id(field(answer, 'server'), 'id'),
  });
}

function encodeDisk(client: ServiceClient, disk: BlockDevice): Record<string, unknown> {
  return {
    source_type: disk.source,
    destination_type: disk.destination,
    uuid: disk.uuid,
    boot_index: disk.bootIndex,
    device_name: disk.device,
    tag: client.supports('2.42') ? disk.tag : undefined,
    delete_on_termination: disk.deleteOnTermination,
  };
}

/** Before 2.37 Nova knows neither `none` nor `auto`, and chooses by itself. */
function encodeNetworks(client: ServiceClient, networks: CreateServer['networks']): unknown {
  if (typeof networks === 'string') return client.supports('2.37') ? networks : undefined;
  return networks.map(({ port, uuid, fixedIp }) => ({ port, uuid, fixed_ip: fixedIp }));
}

export function deleteServer(client: ServiceClient, serverId: string): Promise<void> {
  return client.call({
    doing: `delete server ${serverId}`,
    method: 'DELETE',
    path: serverUrl(serverId),
    ok: [204, 404],
    decode: nothing,
  });
}

/** Replaces all of the server's metadata. */
export function replaceServerMetadata(
  client: ServiceClient,
  serverId: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  return client.call({
    doing: `set the metadata of server ${serverId}`,
    method: 'PUT',
    path: `${serverUrl(serverId)}/metadata`,
    json: { metadata },
    ok: [200],
    decode: nothing,
  });
}

/** Shuts the server down; Nova asks the guest first. Done when the status is SHUTOFF. */
export function stopServer(client: ServiceClient, serverId: string): Promise<void> {
  return act(client, serverId, 'stop', { 'os-stop': null });
}

export function startServer(client: ServiceClient, serverId: string): Promise<void> {
  return act(client, serverId, 'start', { 'os-start': null });
}

function act(client: ServiceClient, serverId: string, what: string, json: unknown): Promise<void> {
  return client.call({
    doing: `${what} server ${serverId}`,
    method: 'POST',
    path: `${serverUrl(serverId)}/action`,
    json,
    ok: [202],
    decode: nothing,
  });
}

/**
 * Starts to make an image of a server. An image-backed server gives its root disk; a volume-backed one gives an empty
 * image whose `block_device_mapping` lists snapshots of all its volumes.
 * https://github.com/openstack/nova/blob/master/nova/api/openstack/compute/servers.py `_action_create_image`
 *
 * @returns the id of the image
 */
export async function createServerImage(
  client: ServiceClient,
  serverId: string,
  image: { readonly name: string; readonly metadata?: Readonly<Record<string, string>> },
): Promise<string> {
  const call = {
    doing: `create an image of server ${serverId}`,
    method: 'POST',
    path: `${serverUrl(serverId)}/action`,
    json: { createImage: { name: image.name, metadata: image.metadata } },
    ok: [202],
  } as const;
  if (client.supports('2.45')) return client.call({ ...call, decode: (answer) => id(answer, 'image_id') });
  // Before 2.45 the id is the end of a URL, whose host may be internal.
  const answer = await client.open(call);
  answer.body.resume();
  return id({ image: answer.headers['location']?.split('/').at(-1) }, 'image');
}

/** Watches all servers with one request a tick. */
export function watchServers(client: ServiceClient): Watcher<Server> {
  const { clock, log } = client.session;
  return new Watcher({ list: () => listServers(client), get: (id) => getServer(client, id) }, clock, log);
}

/**
 * From 2.69, a server in a cell that is down has only an id, a project, a time and this status.
 * https://docs.openstack.org/api-guide/compute/down_cells.html
 */
const BLANK = {
  fields: {
    status: 'UNKNOWN',
    created: '1970-01-01T00:00:00Z',
    tenant_id: 'unknown',
    flavor: {},
    addresses: {},
    'os-extended-volumes:volumes_attached': [],
  },
  kept: ['tenant_id', 'created'],
};

function decodeServer(server: Json): Server {
  const { image, flavor } = { image: server['image'], flavor: field(server, 'flavor') };
  const fault = server['fault'];
  return {
    id: id(server, 'id'),
    name: optionalText(server, 'name') ?? '',
    description: optionalText(server, 'description') ?? '',
    status: text(server, 'status'),
    // A cloud may hide the time: then assume that the server ran.
    launched: server['OS-SRV-USG:launched_at'] !== null,
    taskState: optionalText(server, 'OS-EXT-STS:task_state'),
    powered: poweredOf(server['OS-EXT-STS:power_state']),
    projectId: foreignId(server, 'tenant_id'),
    createdAt: moment(server, 'created'),
    imageId: typeof image === 'object' && image !== null ? id(object(image), 'id') : undefined,
    flavorId: optionalText(flavor, 'id'),
    flavor: flavor['original_name'] === undefined ? undefined : decodeEmbeddedFlavor(flavor),
    volumes: list(server, 'os-extended-volumes:volumes_attached', (volume) => ({
      id: id(volume, 'id'),
      deleteOnTermination: flag(volume, 'delete_on_termination'),
    })),
    addresses: Object.fromEntries(
      Object.keys(field(server, 'addresses')).map((network) => [
        network,
        list(field(server, 'addresses'), network, decodeAddress),
      ]),
    ),
    securityGroups:
      server['security_groups'] === undefined
        ? []
        : list(server, 'security_groups', (group) => text(group, 'name')),
    keyName: optionalText(server, 'key_name'),
    metadata: strings(server, 'metadata'),
    tags: texts(server, 'tags'),
    availabilityZone: optionalText(server, 'OS-EXT-AZ:availability_zone'),
    configDrive: server['config_drive'] === '' ? false : flag(server, 'config_drive'),
    hostname: optionalText(server, 'OS-EXT-SRV-ATTR:hostname'),
    serverGroups: texts(server, 'server_groups'),
    locked: flag(server, 'locked'),
    fault: typeof fault === 'object' && fault !== null ? optionalText(object(fault), 'message') : undefined,
  };
}

/** 1 is RUNNING: https://github.com/openstack/nova/blob/master/nova/objects/fields.py `InstancePowerState` */
function poweredOf(state: unknown): boolean | undefined {
  return typeof state === 'number' ? state === 1 : undefined;
}

function decodeAddress(address: Json): Address {
  return {
    address: text(address, 'addr'),
    mac: optionalText(address, 'OS-EXT-IPS-MAC:mac_addr'),
    type: optionalText(address, 'OS-EXT-IPS:type'),
  };
}
