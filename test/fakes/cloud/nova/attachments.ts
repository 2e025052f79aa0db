/** os-volume_attachments. */
import type { Core } from '../core.ts';
import { type Params, param, type Reply } from '../http.ts';
import { attachVolume, detachVolume, nextDevice } from '../seed.ts';
import type { Server, ServerVolume, Volume } from '../state.ts';
import {
  beginAction,
  checkUuid,
  findServer,
  mustBeMember,
  type NovaCall,
  readBody,
  refuse,
  textOf,
} from './call.ts';
import { connect } from './luks.ts';
import { attachmentView } from './views.ts';

function findAttached(server: Server, volumeId: string): ServerVolume {
  const found = server.volumes.find((each) => each.volumeId === volumeId);
  if (found === undefined) throw refuse(404, `Instance ${server.id} is not attached to volume ${volumeId}`);
  return found;
}

function findVolume(core: Core, call: NovaCall, id: string): Volume {
  const volume = core.state.volumes.get(id);
  if (volume === undefined || volume.projectId !== call.projectId) {
    throw refuse(404, `Volume ${id} could not be found.`);
  }
  return volume;
}

export function listAttachments(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  return {
    status: 200,
    json: { volumeAttachments: server.volumes.map((each) => attachmentView(call, server, each)) },
  };
}

export function showAttachment(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  const attached = findAttached(server, param(params, 'volume'));
  return { status: 200, json: { volumeAttachment: attachmentView(call, server, attached) } };
}

/** From 2.85, which answers whatever the server is at. Before, and with another volume, it swaps: not for users. */
export function updateAttachment(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  const body = readBody(call.raw, 'volumeAttachment', ['volumeId']);
  const volumeId = param(params, 'volume');
  if (call.minor < 85 || body['volumeId'] !== volumeId) {
    throw refuse(403, "Policy doesn't allow os_compute_api:os-volumes-attachments:swap to be performed.");
  }
  mustBeMember(call, 'os_compute_api:os-volumes-attachments:update');
  const attached = findAttached(server, volumeId);
  const value = body['delete_on_termination'];
  if (typeof value === 'boolean') attached.deleteOnTermination = value;
  return { status: 202 };
}

export function attach(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  const body = readBody(call.raw, 'volumeAttachment', ['volumeId']);
  mustBeMember(call, 'os_compute_api:os-volumes-attachments:create');
  const volume = findVolume(core, call, checkUuid('volumeId', body['volumeId']));
  const [holder] = volume.attachments;
  if (holder !== undefined) {
    throw refuse(
      400,
      `Invalid volume: volume ${volume.id} is already attached to instances: ${holder.serverId}`,
    );
  }
  if (volume.status !== 'available') {
    throw refuse(
      400,
      `Invalid volume: volume ${volume.id} status must be 'available'. Currently in '${volume.status}'`,
    );
  }
  const device = textOf(body['device']) ?? nextDevice(server);
  const end = beginAction(core, call, server, 'attach_volume', 'compute_attach_volume');
  // Since 2.101 even the reservation happens after the answer: the volume may still read `available`.
  const later = call.minor >= 101;
  if (!later) volume.status = 'reserved';
  call.job({
    ticks: 3,
    begin: () => {
      volume.status = 'attaching';
    },
    done: () => {
      connect(core, volume);
      attachVolume(core, server, volume, device);
      end();
    },
    fail: (failure) => {
      volume.status = 'available';
      end(failure.message);
    },
  });
  if (later) return { status: 202, headers: { 'Content-Type': 'text/html; charset=UTF-8' } };
  const view = {
    ...(call.minor >= 89 ? {} : { id: volume.id }),
    volumeId: volume.id,
    serverId: server.id,
    device,
    ...(call.minor >= 70 ? { tag: null } : {}),
    ...(call.minor >= 79 ? { delete_on_termination: false } : {}),
  };
  return { status: 200, json: { volumeAttachment: view } };
}

export function detach(core: Core, call: NovaCall, params: Params): Reply {
  const server = findServer(core, call, param(params, 'id'));
  mustBeMember(call, 'os_compute_api:os-volumes-attachments:delete');
  const volume = findVolume(core, call, param(params, 'volume'));
  const attached = findAttached(server, volume.id);
  if (attached.bootIndex === 0) throw refuse(400, 'Cannot detach a root device volume');
  const shelved = server.status === 'SHELVED_OFFLOADED' && volume.status === 'reserved';
  if (volume.status !== 'in-use' && !shelved) {
    throw refuse(
      400,
      `Invalid volume: Invalid input received: Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach. (HTTP 400) (Request-ID: ${call.requestId})`,
    );
  }
  const end = beginAction(core, call, server, 'detach_volume', 'compute_detach_volume');
  volume.status = 'detaching';
  call.job({
    ticks: 2,
    done: () => {
      detachVolume(core, server, volume);
      end();
    },
    fail: (failure) => {
      // A guest that does not let go: after minutes the volume is in use again, and that is all one sees.
      volume.status = 'in-use';
      end(failure.message);
    },
  });
  return { status: 202 };
}
