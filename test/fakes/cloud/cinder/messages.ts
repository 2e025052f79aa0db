/** User messages: the only place where a user reads why asynchronous work failed (3.3). */
import { isoMicros } from '../clock.ts';
import type { Core } from '../core.ts';
import { type JsonObject, param, type Reply, type Router } from '../http.ts';
import { type Message, uuid } from '../state.ts';
import { type Actor, type CinderCall, fault, links, missing, mustBeMember } from './call.ts';
import { filtersOf, page } from './paging.ts';

/** cinder/message/message_field.py */
const ACTIONS: Record<string, string> = {
  '001': 'schedule allocate volume',
  '002': 'attach volume',
  '003': 'copy volume to image',
  '004': 'update attachment',
  '005': 'copy image to volume',
  '006': 'unmanage volume',
  '007': 'extend volume',
  '008': 'create volume from backend storage',
  '009': 'create snapshot',
  '010': 'delete snapshot',
  '011': 'update snapshot',
  '012': 'update snapshot metadata',
  '013': 'create backup',
  '014': 'delete backup',
  '015': 'restore backup',
  '016': 'reimage volume',
};

const DETAILS: Record<string, string> = {
  '001': 'An unknown error occurred.',
  '002': 'Driver is not initialized at present.',
  '003': 'Could not find any available weighted backend.',
  '004': 'Failed to upload volume to image at backend.',
  '005': "Volume's attach mode is invalid.",
  '006': 'Not enough quota resource for operation.',
  '007': 'Image used for creating volume exceeds available space.',
  '008': 'Unmanaging encrypted volumes is not supported.',
  '009': 'Compute service failed to extend volume.',
  '010': 'Volume Driver failed to extend volume.',
  '011': 'Image signature verification failed.',
  '012': 'Driver failed to create the volume.',
  '013': 'Snapshot failed to create.',
  '014': 'Volume snapshot update metadata failed.',
  '015': 'Snapshot is busy.',
  '016': 'Snapshot failed to delete.',
  '017': 'Backup status is invalid.',
  '018': 'Backup service is down.',
  '019': 'Failed to get backup device from the volume service.',
  '020': 'Backup driver failed to create backup.',
  '021': 'Failed to attach volume.',
  '022': 'Failed to detach volume.',
  '023': 'Cleanup of temporary volume/snapshot failed.',
  '024': 'Backup failed to schedule. Service not found for creating backup.',
  '025': 'Backup driver failed to delete backup.',
  '026': 'Backup driver failed to restore backup.',
  '027': 'Volume status is invalid.',
  '028': 'Compute service failed to reimage volume.',
  '029':
    'The image disk format must be the same as the volume format for the volume type you are requesting.',
  '030': 'Incremental backup not possible, forcing full backup.',
};

const TTL_MS = 30 * 24 * 3600 * 1000;

export interface Said {
  resourceType: Message['resourceType'];
  resourceUuid: string;
  action: string;
  detail: string;
  level?: string;
}

export function say(core: Core, actor: Actor, said: Said): void {
  const createdAt = core.clock.now();
  const message: Message = {
    id: uuid(),
    projectId: actor.projectId,
    requestId: actor.requestId,
    resourceType: said.resourceType,
    resourceUuid: said.resourceUuid,
    actionId: said.action,
    detailId: said.detail,
    level: said.level ?? 'ERROR',
    createdAt,
    expiresAt: new Date(createdAt.getTime() + TTL_MS),
  };
  core.state.messages.set(message.id, message);
}

function eventId(message: Message): string {
  return `VOLUME_${message.resourceType}_${message.actionId}_${message.detailId}`;
}

function show(call: CinderCall, message: Message): JsonObject {
  return {
    id: message.id,
    event_id: eventId(message),
    user_message: `${ACTIONS[message.actionId] ?? 'unknown action'}:${DETAILS[message.detailId] ?? DETAILS['001']}`,
    message_level: message.level,
    created_at: isoMicros(message.createdAt),
    guaranteed_until: isoMicros(message.expiresAt),
    request_id: message.requestId,
    links: links(call, 'messages', message.id),
    resource_type: message.resourceType,
    resource_uuid: message.resourceUuid,
  };
}

function list(core: Core, call: CinderCall): Reply {
  const mine = [...core.state.messages.values()].filter((message) => message.projectId === call.projectId);
  // Before 3.5 the whole query is ignored.
  const filters =
    call.minor < 5
      ? new Map<string, string>()
      : filtersOf(call, ['resource_uuid', 'resource_type', 'event_id', 'request_id', 'message_level']);
  const rows = mine.filter(
    (message) =>
      fits(filters, 'resource_uuid', message.resourceUuid) &&
      fits(filters, 'resource_type', message.resourceType) &&
      fits(filters, 'event_id', eventId(message)) &&
      fits(filters, 'request_id', message.requestId) &&
      fits(filters, 'message_level', message.level),
  );
  const bare = call.minor < 5 ? { ...call, query: new URLSearchParams() } : call;
  const found = page(core, bare, {
    path: 'messages',
    rows,
    sortable: { created_at: (message) => message.createdAt.getTime(), id: (message) => message.id },
    missing: (marker) => missing('Message', marker),
  });
  return {
    status: 200,
    json: {
      messages: found.rows.map((message) => show(call, message)),
      ...(found.links.length > 0 ? { messages_links: found.links } : {}),
    },
  };
}

function fits(filters: Map<string, string>, key: string, value: string): boolean {
  const wanted = filters.get(key);
  return wanted === undefined || wanted === value;
}

function find(core: Core, call: CinderCall, id: string): Message {
  const message = core.state.messages.get(id);
  if (message === undefined || message.projectId !== call.projectId) throw missing('Message', id);
  return message;
}

export function messageRoutes(core: Core, router: Router<CinderCall>): void {
  const since3 = (call: CinderCall, run: () => Reply): Reply =>
    call.minor < 3 ? fault(404, 'The resource could not be found.') : run();
  router
    .on('GET', '/messages', (call) => since3(call, () => list(core, call)))
    .on('GET', '/messages/:id', (call, params) =>
      since3(call, () => ({
        status: 200,
        json: { message: show(call, find(core, call, param(params, 'id'))) },
      })),
    )
    .on('DELETE', '/messages/:id', (call, params) =>
      since3(call, () => {
        mustBeMember(call, 'message:delete');
        core.state.messages.delete(find(core, call, param(params, 'id')).id);
        return { status: 204 };
      }),
    );
}
