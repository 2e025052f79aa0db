/**
 * Shelving takes a server off its host and keeps what it needs to come back: of an image-backed one a new image
 * `NAME-shelved`, which goes when the server is back, of a volume-backed one nothing but the volumes, which read `reserved`
 * meanwhile. Rescue is here too. Seen on a 2026.2 Nova whose shelved_offload_time is 0, its default.
 */
import type { Core } from '../core.ts';
import type { Reply } from '../http.ts';
import type { Server, Volume } from '../state.ts';
import { beginAction, mustBeMember, type NovaCall } from './call.ts';
import { imageOfRoot } from './images.ts';
import { mustBeIn } from './states.ts';
import { inherited } from './system-metadata.ts';

/** Empty, and yet said to be JSON. */
const JSON_TYPE = { 'Content-Type': 'application/json' };

function volumesOf(core: Core, server: Server): Volume[] {
  return server.volumes.flatMap(({ volumeId }) => core.state.volumes.get(volumeId) ?? []);
}

/** Nova counts how often it took a guest off its host, and the count travels with the properties. */
export function countCleaning(server: Server): void {
  const before = Number(server.systemMetadata['clean_attempts'] ?? 0);
  server.systemMetadata = { ...server.systemMetadata, clean_attempts: String(before + 1) };
}

function offload(core: Core, server: Server): void {
  server.status = 'SHELVED_OFFLOADED';
  server.taskState = null;
  server.updatedAt = core.clock.now();
  countCleaning(server);
  for (const volume of volumesOf(core, server)) {
    volume.status = 'reserved';
    volume.attachments = [];
    volume.updatedAt = core.clock.now();
  }
}

export function shelve(core: Core, call: NovaCall, server: Server): Reply {
  mustBeMember(call, 'os_compute_api:os-shelve:shelve');
  mustBeIn(server, 'shelve', ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED']);
  server.imageProperties = { ...server.imageProperties, base_image_ref: server.imageId ?? '' };
  if (!server.volumeBacked) {
    imageOfRoot(core, call, server, {
      name: `${server.name}-shelved`,
      properties: inherited(server),
      action: 'shelve',
      after: ({ id }) => {
        server.shelvedImageId = id;
        offload(core, server);
      },
    });
    return { status: 202, headers: JSON_TYPE };
  }
  const end = beginAction(core, call, server, 'shelve', 'compute_shelve_offload_instance');
  server.taskState = 'shelving';
  call.job({
    ticks: 2,
    done: () => {
      offload(core, server);
      end();
    },
    fail: (failure) => {
      server.taskState = null;
      end(failure.message);
    },
  });
  return { status: 202, headers: JSON_TYPE };
}

function reattach(core: Core, server: Server): void {
  for (const { volumeId, attachmentId, device } of server.volumes) {
    const volume = core.state.volumes.get(volumeId);
    if (volume === undefined) continue;
    volume.attachments = [{ attachmentId, serverId: server.id, device, attachedAt: core.clock.now() }];
    volume.status = 'in-use';
    volume.updatedAt = core.clock.now();
  }
}

export function unshelve(core: Core, call: NovaCall, server: Server): Reply {
  mustBeMember(call, 'os_compute_api:os-shelve:unshelve');
  mustBeIn(server, 'unshelve', ['SHELVED_OFFLOADED']);
  const end = beginAction(core, call, server, 'unshelve', 'compute_unshelve_instance');
  server.taskState = 'unshelving';
  call.job({
    ticks: 3,
    begin: () => {
      server.taskState = 'spawning';
    },
    done: () => {
      const shelved = core.state.images.get(server.shelvedImageId ?? '');
      if (shelved !== undefined) {
        server.root = shelved.data?.clone() ?? null;
        core.state.images.delete(shelved.id);
      }
      server.shelvedImageId = null;
      reattach(core, server);
      server.status = 'ACTIVE';
      server.taskState = null;
      server.updatedAt = core.clock.now();
      end();
    },
    fail: (failure) => {
      server.taskState = null;
      end(failure.message);
    },
  });
  return { status: 202, headers: JSON_TYPE };
}

function step(core: Core, call: NovaCall, server: Server, verb: 'rescue' | 'unrescue'): void {
  const end = beginAction(core, call, server, verb, `compute_${verb}_instance`);
  server.taskState = verb === 'rescue' ? 'rescuing' : 'unrescuing';
  const back = (error?: string): void => {
    server.taskState = null;
    server.updatedAt = core.clock.now();
    end(error);
  };
  call.job({
    ticks: 2,
    done: () => {
      server.status = verb === 'rescue' ? 'RESCUE' : 'ACTIVE';
      back();
    },
    fail: (failure) => back(failure.message),
  });
}

export function rescue(core: Core, call: NovaCall, server: Server): Reply {
  mustBeMember(call, 'os_compute_api:os-rescue');
  mustBeIn(server, 'rescue', ['ACTIVE', 'SHUTOFF', 'ERROR']);
  step(core, call, server, 'rescue');
  return { status: 200, json: { adminPass: 'bzLwYhaM6wVm' } };
}

export function unrescue(core: Core, call: NovaCall, server: Server): Reply {
  mustBeMember(call, 'os_compute_api:os-unrescue');
  mustBeIn(server, 'unrescue', ['RESCUE']);
  step(core, call, server, 'unrescue');
  return { status: 202 };
}
