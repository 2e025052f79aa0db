/** Volumes: list, show, update, delete, metadata, encryption. Creating is in create.ts, actions in actions.ts. */
import type { Core } from '../core.ts';
import { type JsonObject, type Params, param, type Reply, type Router } from '../http.ts';
import { dropKey } from '../keys.ts';
import type { Volume } from '../state.ts';
import { volumeAction } from './actions.ts';
import { type CinderCall, missing, mustBeMember, refuse } from './call.ts';
import { createVolume } from './create.ts';
import { findVolume, touch } from './find.ts';
import { say } from './messages.ts';
import { filtersOf, metadataFilter, page, wantsCount } from './paging.ts';
import { checkLengths, pairs, pairsOf, readBody, readMetadata, text, trimmed } from './schema.ts';
import { deleteSnapshotRow } from './snapshots.ts';
import { volumeDetail, volumeSummary, withImageMetadata } from './views.ts';

const FILTERS = [
  'name',
  'status',
  'metadata',
  'bootable',
  'migration_status',
  'availability_zone',
  'group_id',
  'size',
  'created_at',
  'updated_at',
  'consumes_quota',
];

/** webob's default, where a controller answers with something that is no JSON. */
const HTML = { 'Content-Type': 'text/html; charset=UTF-8' };

const DELETABLE = ['available', 'error', 'error_restoring', 'error_extending', 'error_managing'];

function bootableFilter(call: CinderCall, wanted: string): boolean {
  if (/^(?:true|1)$/i.test(wanted)) return true;
  if (/^(?:false|0)$/i.test(wanted)) return false;
  // Before 3.2 everything but a false was true.
  if (call.minor >= 2)
    throw refuse(400, `Invalid input received: '${wanted}' is not valid for filter 'bootable'.`);
  return true;
}

function timeFilter(
  filter: string | undefined,
  read: (volume: Volume) => Date | null,
): (volume: Volume) => boolean {
  if (filter === undefined) return () => true;
  const tests = filter.split(',').map((part) => {
    const [operator = '', ...rest] = part.split(':');
    const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(part) ? rest.join(':') : `${rest.join(':')}Z`);
    if (!['gt', 'gte', 'eq', 'neq', 'lt', 'lte'].includes(operator))
      throw refuse(400, `Invalid ${operator} operator`);
    if (Number.isNaN(time)) throw refuse(400, `Invalid ${rest.join(':')} value`);
    return { operator, time };
  });
  return (volume) => {
    const value = read(volume)?.getTime();
    if (value === undefined) return false;
    return tests.every(({ operator, time }) => compare(operator, value, time));
  };
}

function compare(operator: string, value: number, other: number): boolean {
  if (operator.startsWith('gt')) return value > other || (operator === 'gte' && value === other);
  if (operator.startsWith('lt')) return value < other || (operator === 'lte' && value === other);
  return (value === other) === (operator === 'eq');
}

function listed(core: Core, call: CinderCall): Volume[] {
  const filters = filtersOf(call, FILTERS);
  if (call.minor < 60) {
    filters.delete('created_at');
    filters.delete('updated_at');
  }
  const exact: [string, (volume: Volume) => string | null][] = [
    ['name', (volume) => volume.name],
    ['status', (volume) => volume.status],
    ['availability_zone', (volume) => volume.availabilityZone],
    ['size', (volume) => String(volume.size)],
    ['migration_status', () => null],
    ['group_id', () => null],
    ['consumes_quota', (volume) => String(volume.consumesQuota)],
  ];
  const bootable = filters.get('bootable');
  const wantsBootable = bootable === undefined ? undefined : bootableFilter(call, bootable);
  const byMetadata = metadataFilter(filters.get('metadata'));
  const created = timeFilter(filters.get('created_at'), (volume) => volume.createdAt);
  const updated = timeFilter(filters.get('updated_at'), (volume) => volume.updatedAt);
  return [...core.state.volumes.values()].filter(
    (volume) =>
      volume.projectId === call.projectId &&
      exact.every(([key, read]) => {
        const wanted = filters.get(key);
        return (
          wanted === undefined || (key === 'consumes_quota' ? wanted.toLowerCase() : wanted) === read(volume)
        );
      }) &&
      (wantsBootable === undefined || volume.bootable === wantsBootable) &&
      byMetadata(volume.metadata) &&
      created(volume) &&
      updated(volume),
  );
}

function list(core: Core, call: CinderCall, detail: boolean): Reply {
  const found = page(core, call, {
    path: detail ? 'volumes/detail' : 'volumes',
    rows: listed(core, call),
    sortable: {
      created_at: (volume) => volume.createdAt.getTime(),
      updated_at: (volume) => volume.updatedAt?.getTime() ?? 0,
      id: (volume) => volume.id,
      name: (volume) => volume.name ?? '',
      display_name: (volume) => volume.name ?? '',
      size: (volume) => volume.size,
      status: (volume) => volume.status,
      bootable: (volume) => Number(volume.bootable),
      availability_zone: (volume) => volume.availabilityZone,
    },
    missing: (marker) => missing('Volume', marker),
  });
  return {
    status: 200,
    json: {
      volumes: found.rows.map((volume) =>
        detail ? withImageMetadata(volumeDetail(core, call, volume), volume) : volumeSummary(call, volume),
      ),
      ...(found.links.length > 0 ? { volumes_links: found.links } : {}),
      ...(wantsCount(call) ? { count: found.total } : {}),
    },
  };
}

function update(core: Core, call: CinderCall, params: Params): Reply {
  const body = readBody(call.raw, 'volume', {
    fields: {
      name: text(Infinity),
      description: text(Infinity),
      display_name: text(),
      display_description: text(),
      metadata: pairs,
    },
    strict: true,
  });
  checkLengths(body, ['name', 'description']);
  if (call.minor >= 53 && Object.keys(body).length === 0) {
    throw refuse(
      400,
      'Invalid input for field/attribute volume. Value: {}. {} is not valid under any of the given schemas',
    );
  }
  const volume = findVolume(core, call, param(params, 'id'));
  mustBeMember(call, 'volume:update');
  const name = body['name'] ?? body['display_name'];
  const description = body['description'] ?? body['display_description'];
  if (name !== undefined) volume.name = trimmed(name);
  if (description !== undefined) volume.description = trimmed(description);
  if (body['metadata'] !== undefined) volume.metadata = pairsOf(body['metadata']);
  touch(core, volume);
  const { 'os-vol-tenant-attr:tenant_id': _, ...view } = volumeDetail(core, call, volume);
  return { status: 200, json: { volume: view } };
}

function remove(core: Core, call: CinderCall, params: Params): Reply {
  const volume = findVolume(core, call, param(params, 'id'));
  mustBeMember(call, 'volume:delete');
  const cascade = /^(?:true|1|t|y|yes|on)$/i.test(call.query.get('cascade') ?? '');
  if (/^(?:true|1)$/i.test(call.query.get('force') ?? '') && call.minor >= 23) {
    throw refuse(403, "Policy doesn't allow volume:force_delete to be performed.");
  }
  const snapshots = [...core.state.snapshots.values()].filter((snapshot) => snapshot.volumeId === volume.id);
  const blocked = cascade
    ? snapshots.some((snapshot) => !['available', 'error', 'deleting'].includes(snapshot.status))
    : snapshots.length > 0;
  if (!DELETABLE.includes(volume.status) || volume.attachments.length > 0 || blocked) {
    throw refuse(
      400,
      `Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.`,
    );
  }
  const before = volume.status;
  volume.status = 'deleting';
  for (const snapshot of snapshots) snapshot.status = 'deleting';
  // At once, in the API: even a deletion that then fails leaves an encrypted volume without its key.
  if (volume.encryptionKeyId !== null) dropKey(core, volume.encryptionKeyId);
  call.job({
    ticks: 2,
    done: () => {
      for (const snapshot of snapshots) deleteSnapshotRow(core, snapshot);
      core.state.volumes.delete(volume.id);
    },
    fail: (failure) => {
      volume.status = 'error_deleting';
      volume.previousStatus = before;
      if (failure.detail !== undefined) {
        say(core, call, {
          resourceType: 'VOLUME',
          resourceUuid: volume.id,
          action: '008',
          detail: failure.detail,
        });
      }
    },
  });
  return { status: 202 };
}

function mayTouchMetadata(volume: Volume, verb: string): void {
  if (volume.status === 'uploading') {
    throw refuse(
      400,
      `Invalid volume: ${verb} volume metadata is not allowed for volumes in uploading status.`,
    );
  }
}

function setMetadata(core: Core, call: CinderCall, params: Params, replace: boolean): Reply {
  const wanted = readMetadata(call.raw);
  const volume = findVolume(core, call, param(params, 'id'));
  mustBeMember(call, replace ? 'volume:update_volume_metadata' : 'volume:create_volume_metadata');
  mayTouchMetadata(volume, 'Updating');
  volume.metadata = replace ? wanted : { ...volume.metadata, ...wanted };
  return { status: 200, json: { metadata: { ...volume.metadata } } };
}

function setMetadatum(core: Core, call: CinderCall, params: Params): Reply {
  const key = param(params, 'key');
  const body = readBody(call.raw, 'meta', { fields: {}, strict: false });
  const volume = findVolume(core, call, param(params, 'id'));
  if (body[key] === undefined) throw refuse(400, 'Request body and URI mismatch');
  if (Object.keys(body).length > 1) throw refuse(400, 'Request body contains too many items');
  mustBeMember(call, 'volume:update_volume_metadata');
  mayTouchMetadata(volume, 'Updating');
  volume.metadata[key] = String(body[key]);
  return { status: 200, json: { meta: body } };
}

function metadatum(volume: Volume, key: string): string {
  const value = volume.metadata[key];
  if (value === undefined) throw refuse(404, `Volume ${volume.id} has no metadata with key ${key}.`);
  return value;
}

function encryptionOf(core: Core, volume: Volume): JsonObject {
  const encryption = core.state.types.get(volume.typeId)?.encryption ?? null;
  // db volume_encryption_metadata_get: the type's fields exist only where the type is encrypted.
  if (encryption === null) return { encryption_key_id: volume.encryptionKeyId };
  return {
    encryption_key_id: volume.encryptionKeyId,
    control_location: encryption.controlLocation,
    cipher: encryption.cipher,
    key_size: encryption.keySize,
    provider: encryption.provider,
  };
}

export function volumeRoutes(core: Core, router: Router<CinderCall>): void {
  const one = '/volumes/:id';
  const find = (call: CinderCall, params: Params): Volume => findVolume(core, call, param(params, 'id'));
  router
    .on('GET', '/volumes', (call) => list(core, call, false))
    .on('GET', '/volumes/detail', (call) => list(core, call, true))
    .on('POST', '/volumes', (call) => createVolume(core, call))
    .on('GET', '/volumes/summary', (call) => {
      const rows = listed(core, call);
      const total = rows.reduce((sum, volume) => sum + volume.size, 0);
      return { status: 200, json: { 'volume-summary': { total_count: rows.length, total_size: total } } };
    })
    .on('GET', one, (call, params) => {
      const volume = find(call, params);
      return { status: 200, json: { volume: withImageMetadata(volumeDetail(core, call, volume), volume) } };
    })
    .on('PUT', one, (call, params) => update(core, call, params))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('POST', `${one}/action`, (call, params) => volumeAction(core, call, param(params, 'id')))
    .on('GET', `${one}/encryption`, (call, params) => ({
      status: 200,
      json: encryptionOf(core, find(call, params)),
    }))
    .on('GET', `${one}/encryption/:key`, (call, params) => {
      const value = encryptionOf(core, find(call, params))[param(params, 'key')];
      return { status: 200, headers: HTML, bytes: Buffer.from(String(value ?? '')) };
    })
    .on('GET', `${one}/metadata`, (call, params) => ({
      status: 200,
      headers: HTML,
      json: { metadata: { ...find(call, params).metadata } },
    }))
    .on('POST', `${one}/metadata`, (call, params) => setMetadata(core, call, params, false))
    .on('PUT', `${one}/metadata`, (call, params) => setMetadata(core, call, params, true))
    .on('GET', `${one}/metadata/:key`, (call, params) => {
      const key = param(params, 'key');
      return { status: 200, json: { meta: { [key]: metadatum(find(call, params), key) } } };
    })
    .on('PUT', `${one}/metadata/:key`, (call, params) => setMetadatum(core, call, params))
    .on('DELETE', `${one}/metadata/:key`, (call, params) => {
      const volume = find(call, params);
      const key = param(params, 'key');
      metadatum(volume, key);
      mustBeMember(call, 'volume:delete_volume_metadata');
      mayTouchMetadata(volume, 'Deleting');
      delete volume.metadata[key];
      return { status: 200, headers: HTML };
    });
}
