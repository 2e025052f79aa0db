/** Snapshots. */
import type { Core } from '../core.ts';
import { type Params, param, type Reply, type Router } from '../http.ts';
import { type Snapshot, uuid } from '../state.ts';
import { type CinderCall, missing, mustBeMember, refuse } from './call.ts';
import { findSnapshot, findVolume, touch } from './find.ts';
import { say } from './messages.ts';
import { filtersOf, metadataFilter, page, wantsCount } from './paging.ts';
import { reserve } from './quota.ts';
import {
  bool,
  pairsOf,
  pairsOrNull,
  printable,
  readBody,
  readMetadata,
  text,
  trimmed,
  truth,
  uuidOrNull,
} from './schema.ts';
import { snapshotExtras, snapshotView } from './views.ts';

const FORCE_IS_PAST =
  "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored.";

function list(core: Core, call: CinderCall, detail: boolean): Reply {
  const filters = filtersOf(call, [
    'name',
    'status',
    'volume_id',
    'metadata',
    'availability_zone',
    'consumes_quota',
  ]);
  if (call.minor < 22) filters.delete('metadata');
  const byMetadata = metadataFilter(filters.get('metadata'));
  const fits = (key: string, value: string | null): boolean => {
    const wanted = filters.get(key);
    return wanted === undefined || wanted === value;
  };
  const rows = [...core.state.snapshots.values()].filter(
    (snapshot) =>
      snapshot.projectId === call.projectId &&
      fits('name', snapshot.name) &&
      fits('status', snapshot.status) &&
      fits('volume_id', snapshot.volumeId) &&
      byMetadata(snapshot.metadata),
  );
  const found = page(core, call, {
    path: detail ? 'snapshots/detail' : 'snapshots',
    rows,
    sortable: {
      created_at: (snapshot) => snapshot.createdAt.getTime(),
      id: (snapshot) => snapshot.id,
      name: (snapshot) => snapshot.name ?? '',
      status: (snapshot) => snapshot.status,
      volume_id: (snapshot) => snapshot.volumeId,
    },
    missing: (marker) => missing('Snapshot', marker),
  });
  return {
    status: 200,
    json: {
      snapshots: found.rows.map((snapshot) => ({
        ...snapshotView(detail ? call : { ...call, minor: 0 }, snapshot),
        ...(detail ? snapshotExtras(snapshot) : {}),
      })),
      ...(found.links.length > 0 ? { snapshots_links: found.links } : {}),
      ...(wantsCount(call) ? { count: found.total } : {}),
    },
  };
}

/** Also Nova's way, when it makes an image of a volume-backed server. The data is that of this very moment. */
export function makeSnapshot(
  core: Core,
  call: Pick<CinderCall, 'projectId' | 'token' | 'requestId' | 'job' | 'created'>,
  volumeId: string,
  fields: { name: string | null; description: string | null; metadata: Record<string, string> },
): Snapshot {
  const volume = core.state.volumes.get(volumeId);
  if (volume === undefined) throw missing('Volume', volumeId);
  reserve(core, call.projectId, 'snapshots', volume.size, core.state.types.get(volume.typeId));
  const snapshot: Snapshot = {
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    status: 'creating',
    ...fields,
    volumeId,
    size: volume.size,
    typeId: volume.typeId,
    createdAt: core.clock.now(),
    updatedAt: null,
    // Shared with the volume, not cloned: a restore over the volume deletes it under the snapshot.
    encryptionKeyId: volume.encryptionKeyId,
    imageMetadata: volume.imageMetadata === null ? null : { ...volume.imageMetadata },
    bootable: volume.bootable,
    data: volume.data.clone(),
  };
  core.state.snapshots.set(snapshot.id, snapshot);
  call.created(snapshot.id);
  call.job({
    ticks: 2,
    done: () => {
      snapshot.status = 'available';
      touch(core, snapshot);
    },
    fail: (failure) => {
      snapshot.status = 'error';
      touch(core, snapshot);
      say(core, call, {
        resourceType: 'VOLUME_SNAPSHOT',
        resourceUuid: snapshot.id,
        action: '009',
        detail: failure.detail ?? '013',
      });
    },
  });
  return snapshot;
}

function create(core: Core, call: CinderCall): Reply {
  const body = readBody(call.raw, 'snapshot', {
    fields: {
      name: text(),
      display_name: text(),
      description: text(),
      volume_id: uuidOrNull,
      force: bool,
      metadata: pairsOrNull,
    },
    required: ['volume_id'],
    strict: true,
  });
  const volume = findVolume(core, call, String(body['volume_id']));
  const force = truth(body['force']);
  if (body['force'] !== undefined && call.minor >= 66 && !force) throw refuse(400, FORCE_IS_PAST);
  mustBeMember(call, 'volume:create_snapshot');
  if (volume.status === 'error') {
    throw refuse(400, 'Invalid volume: The snapshot cannot be created when the volume is in error status.');
  }
  const allowed = force || call.minor >= 66 ? ['available', 'in-use'] : ['available'];
  if (!allowed.includes(volume.status)) {
    throw refuse(
      400,
      `Invalid volume: Volume ${volume.id} status must be ${allowed.join(', ')}, but current status is: ${volume.status}.`,
    );
  }
  const snapshot = makeSnapshot(core, call, volume.id, {
    name: trimmed(body['name']) ?? trimmed(body['display_name']),
    description: trimmed(body['description']),
    metadata: pairsOf(body['metadata']),
  });
  const shown = { ...snapshot, createdAt: core.clock.unrounded(snapshot.createdAt) };
  return { status: 202, json: { snapshot: snapshotView(call, shown) } };
}

export function deleteSnapshotRow(core: Core, snapshot: Snapshot): void {
  core.state.snapshots.delete(snapshot.id);
}

function remove(core: Core, call: CinderCall, params: Params): Reply {
  const snapshot = findSnapshot(core, call, param(params, 'id'));
  mustBeMember(call, 'volume:delete_snapshot');
  if (!['available', 'error'].includes(snapshot.status)) {
    throw refuse(
      400,
      'Invalid snapshot: Snapshot status must be available or error and must not be part of a group.',
    );
  }
  snapshot.status = 'deleting';
  touch(core, snapshot);
  const tell = (detail: string): void =>
    say(core, call, { resourceType: 'VOLUME_SNAPSHOT', resourceUuid: snapshot.id, action: '010', detail });
  call.job({
    ticks: 2,
    done: () => {
      const cloned = [...core.state.volumes.values()].some((volume) => volume.snapshotId === snapshot.id);
      if (core.options.capabilities.snapshotBusy && cloned) {
        // SnapshotIsBusy is no failure to Cinder: the snapshot comes back, and only a message tells.
        snapshot.status = 'available';
        tell('015');
      } else deleteSnapshotRow(core, snapshot);
    },
    fail: (failure) => {
      snapshot.status = 'error_deleting';
      tell(failure.detail ?? '016');
    },
  });
  return { status: 202 };
}

function update(core: Core, call: CinderCall, params: Params): Reply {
  const body = readBody(call.raw, 'snapshot', {
    fields: { name: text(), description: printable, display_name: text(), display_description: text() },
    strict: true,
  });
  const snapshot = findSnapshot(core, call, param(params, 'id'));
  mustBeMember(call, 'volume:update_snapshot');
  const name = body['name'] ?? body['display_name'];
  const description = body['description'] ?? body['display_description'];
  if (name !== undefined) snapshot.name = trimmed(name);
  if (description !== undefined) snapshot.description = trimmed(description);
  touch(core, snapshot);
  return { status: 200, json: { snapshot: snapshotView(call, snapshot) } };
}

export function snapshotRoutes(core: Core, router: Router<CinderCall>): void {
  const one = '/snapshots/:id';
  router
    .on('GET', '/snapshots', (call) => list(core, call, false))
    .on('GET', '/snapshots/detail', (call) => list(core, call, true))
    .on('POST', '/snapshots', (call) => create(core, call))
    .on('GET', one, (call, params) => {
      const snapshot = findSnapshot(core, call, param(params, 'id'));
      return {
        status: 200,
        json: { snapshot: { ...snapshotView(call, snapshot), ...snapshotExtras(snapshot) } },
      };
    })
    .on('PUT', one, (call, params) => update(core, call, params))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('GET', `${one}/metadata`, (call, params) => ({
      status: 200,
      json: { metadata: { ...findSnapshot(core, call, param(params, 'id')).metadata } },
    }))
    .on('PUT', `${one}/metadata`, (call, params) => {
      const wanted = readMetadata(call.raw, 'snapshot');
      const snapshot = findSnapshot(core, call, param(params, 'id'));
      mustBeMember(call, 'volume:update_snapshot_metadata');
      snapshot.metadata = wanted;
      return { status: 200, json: { metadata: { ...snapshot.metadata } } };
    });
}
