/** How servers, flavours and actions look, by microversion. */
import { isoMicros, isoSeconds } from '../clock.ts';
import type { Core } from '../core.ts';
import type { JsonObject } from '../http.ts';
import type { Flavor, InstanceAction, Server, ServerVolume } from '../state.ts';
import { links, type NovaCall } from './call.ts';
import { addressesOf, securityGroupsOf } from './networks.ts';
import { VM_STATES } from './states.ts';

const HOST_ID = 'b11e0a33ca222719f680266887e9b7d05b73f510e6ddb6c7a8da16c6';

export function serverSummary(call: NovaCall, server: Server): JsonObject {
  return { id: server.id, name: server.name, links: links(call, 'servers', server.id) };
}

function embeddedFlavor(call: NovaCall, server: Server, flavor: Flavor | undefined): JsonObject {
  if (call.minor < 47 || flavor === undefined) {
    return { id: server.flavorId, links: links(call, 'flavors', server.flavorId).slice(1) };
  }
  const { vcpus, ram, disk, name, extraSpecs } = flavor;
  return { vcpus, ram, disk, ephemeral: 0, swap: 0, original_name: name, extra_specs: { ...extraSpecs } };
}

export function serverDetail(core: Core, call: NovaCall, server: Server): JsonObject {
  const [vmState, powerState] = VM_STATES[server.status] ?? ['active', 1];
  const hosted = !['BUILD', 'SHELVED_OFFLOADED'].includes(server.status);
  const launched = server.launchedAt === null ? null : isoMicros(server.launchedAt);
  return {
    accessIPv4: '',
    accessIPv6: '',
    addresses: addressesOf(core, server),
    created: isoSeconds(server.createdAt),
    flavor: embeddedFlavor(call, server, core.state.flavors.get(server.flavorId)),
    hostId: hosted ? HOST_ID : '',
    id: server.id,
    image: imageView(call, server),
    links: links(call, 'servers', server.id),
    metadata: { ...server.metadata },
    name: server.name,
    status: server.status,
    tenant_id: server.projectId,
    user_id: server.userId,
    updated: isoSeconds(server.updatedAt),
    'OS-DCF:diskConfig': 'MANUAL',
    ...(['ACTIVE', 'BUILD', 'REBUILD'].includes(server.status) ? { progress: 0 } : {}),
    'OS-EXT-AZ:availability_zone': hosted ? server.availabilityZone : '',
    config_drive: server.configDrive ? 'True' : '',
    key_name: server.keyName,
    'OS-SRV-USG:launched_at': launched,
    'OS-SRV-USG:terminated_at': null,
    'OS-EXT-STS:task_state': server.taskState,
    'OS-EXT-STS:vm_state': vmState,
    'OS-EXT-STS:power_state': powerState,
    'os-extended-volumes:volumes_attached': server.volumes.map(({ volumeId, deleteOnTermination }) => ({
      id: volumeId,
      ...(call.minor >= 3 ? { delete_on_termination: deleteOnTermination } : {}),
    })),
    ...securityGroupsOf(core, server),
    ...(server.fault === null
      ? {}
      : {
          fault: {
            code: server.fault.code,
            created: isoSeconds(server.fault.created),
            message: server.fault.message,
          },
        }),
    ...newer(core, call, server),
  };
}

/** Of the image's properties those that Nova itself knows show here (objects/image_meta.py), some by their old names. */
const SHOWN = new Set([
  ...['admin_user', 'command_line', 'distro', 'require_quiesce', 'secure_boot', 'type'].map(
    (name) => `os_${name}`,
  ),
  ...['hv_type', 'config_drive', 'owner_id', 'root_device_name', 'use_agent', 'version'].map(
    (name) => `img_${name}`,
  ),
  ...['signature', 'signature_hash_method', 'signature_certificate_uuid', 'signature_key_type'].map(
    (name) => `img_${name}`,
  ),
  ...['owner_id', 'cache_in_nova', 'bittorrent', 'traits_required'],
]);

/** Empty for most volume-backed servers. */
function imageView(call: NovaCall, { imageId: id, imageProperties }: Server): JsonObject | string {
  if (id === null) return '';
  const shown = { id, links: links(call, 'images', id).slice(1) };
  // From 2.98, also once the image is gone: Nova keeps a copy from the server's birth.
  if (call.minor < 98) return shown;
  const known = Object.entries(imageProperties).filter(([key]) => key.startsWith('hw_') || SHOWN.has(key));
  return { ...shown, properties: Object.fromEntries(known) };
}

function newer(core: Core, call: NovaCall, server: Server): JsonObject {
  const { minor } = call;
  const groups = [...core.state.serverGroups.values()]
    .filter(({ members }) => members.includes(server.id))
    .map(({ id }) => id);
  return {
    ...(minor >= 9 ? { locked: false } : {}),
    ...(minor >= 19 ? { description: server.description } : {}),
    ...(minor >= 26 ? { tags: [...server.tags] } : {}),
    ...(minor >= 63 ? { trusted_image_certificates: null } : {}),
    ...(minor >= 71 ? { server_groups: groups } : {}),
    ...(minor >= 73 ? { locked_reason: null } : {}),
    ...(minor >= 90 ? { 'OS-EXT-SRV-ATTR:hostname': server.hostname } : {}),
    ...(minor >= 96 ? { pinned_availability_zone: null } : {}),
    ...(minor >= 100 ? { scheduler_hints: groups.length > 0 ? { group: groups } : {} } : {}),
  };
}

export function flavorView(call: NovaCall, flavor: Flavor): JsonObject {
  const { minor } = call;
  return {
    id: flavor.id,
    name: flavor.name,
    ram: flavor.ram,
    disk: flavor.disk,
    swap: minor >= 75 ? 0 : '',
    'OS-FLV-EXT-DATA:ephemeral': 0,
    ...(minor >= 75 ? {} : { 'OS-FLV-DISABLED:disabled': false }),
    vcpus: flavor.vcpus,
    'os-flavor-access:is_public': true,
    ...(minor >= 75 ? {} : { rxtx_factor: 1 }),
    links: links(call, 'flavors', flavor.id),
    ...(minor >= 55 ? { description: null } : {}),
    ...(minor >= 61 ? { extra_specs: { ...flavor.extraSpecs } } : {}),
  };
}

export function attachmentView(call: NovaCall, server: Server, volume: ServerVolume): JsonObject {
  const { minor } = call;
  return {
    ...(minor >= 89 ? {} : { id: volume.volumeId }),
    volumeId: volume.volumeId,
    serverId: server.id,
    device: volume.device,
    ...(minor >= 70 ? { tag: volume.tag } : {}),
    ...(minor >= 79 ? { delete_on_termination: volume.deleteOnTermination } : {}),
    ...(minor >= 89 ? { attachment_id: volume.attachmentId, bdm_uuid: volume.bdmId } : {}),
  };
}

export function actionView(
  call: NovaCall,
  server: Server,
  action: InstanceAction,
  withEvents: boolean,
): JsonObject {
  const { minor } = call;
  const updated = action.events[0]?.finishTime ?? action.startTime;
  return {
    action: action.action,
    instance_uuid: server.id,
    request_id: action.requestId,
    user_id: action.userId,
    project_id: action.projectId,
    start_time: isoMicros(action.startTime),
    message: action.message,
    ...(minor >= 58 ? { updated_at: isoMicros(updated) } : {}),
    // Events since 2.51; their traceback is for admins only, their details since 2.84 for users too.
    ...(withEvents && minor >= 51
      ? {
          events: action.events.map((event) => ({
            event: event.event,
            start_time: isoMicros(event.startTime),
            finish_time: event.finishTime === null ? null : isoMicros(event.finishTime),
            result: event.result,
            ...(minor >= 62 ? { hostId: HOST_ID } : {}),
            ...(minor >= 84 && event.details !== null ? { details: event.details } : {}),
          })),
        }
      : {}),
  };
}
