/**
 * Backups: the rules of cinder/backup/api.py (what is accepted), manager.py (what then happens) and, for the data, of a
 * chunked driver such as posix, NFS or Swift. A backup keeps all its bytes here; that it is incremental shows in its
 * parent, its object count and in what may be deleted.
 */
import { BLOCK_BYTES } from '../bytes.ts';
import { type Core, workTicks } from '../core.ts';
import { JobFailure, type Params, param, type Reply, type Router } from '../http.ts';
import { cloneKey, dropKey, KeyManagerError } from '../keys.ts';
import { type Backup, type Snapshot, uuid, type Volume } from '../state.ts';
import { actionName, noSuchAction } from './actions.ts';
import { type CinderCall, fault, missing, mustBeAdmin, mustBeMember, refuse } from './call.ts';
import { findBackup, findSnapshot, findVolume, touch } from './find.ts';
import { say } from './messages.ts';
import { filtersOf, page, wantsCount } from './paging.ts';
import { reserve } from './quota.ts';
import { restoreHalf, restoreInto } from './restore.ts';
import {
  bool,
  pairs,
  pairsOf,
  pairsOrNull,
  readBody,
  text,
  textOf,
  trimmed,
  truth,
  uuid as uuidCheck,
  uuidOrNull,
} from './schema.ts';
import { backupDetail, backupSummary, parentsAmong } from './views.ts';

const OBJECT_BYTES = 52_428_800;

function list(core: Core, call: CinderCall, detail: boolean): Reply {
  const filters = filtersOf(call, ['name', 'status', 'volume_id']);
  const fits = (key: string, value: string | null): boolean => {
    const wanted = filters.get(key);
    return wanted === undefined || wanted === value;
  };
  const found = page(core, call, {
    path: detail ? 'backups/detail' : 'backups',
    rows: [...core.state.backups.values()].filter(
      (backup) =>
        backup.projectId === call.projectId &&
        fits('name', backup.name) &&
        fits('status', backup.status) &&
        fits('volume_id', backup.volumeId),
    ),
    sortable: {
      created_at: (backup) => backup.createdAt.getTime(),
      updated_at: (backup) => backup.updatedAt?.getTime() ?? 0,
      data_timestamp: (backup) => backup.dataTimestamp.getTime(),
      id: (backup) => backup.id,
      ...(call.minor >= 37 ? { name: (backup: Backup) => backup.name ?? '' } : {}),
      size: (backup) => backup.size,
      status: (backup) => backup.status,
      volume_id: (backup) => backup.volumeId,
    },
    missing: (marker) => missing('Backup', marker),
  });
  const parents = parentsAmong(found.rows, core.state.backups.values(), new Date(core.clock.ms));
  return {
    status: 200,
    json: {
      backups: found.rows.map((backup) =>
        detail ? backupDetail(call, backup, parents) : backupSummary(call, backup),
      ),
      ...(found.links.length > 0 ? { backups_links: found.links } : {}),
      ...(wantsCount(call) ? { count: found.total } : {}),
    },
  };
}

function createFields(minor: number) {
  return {
    volume_id: uuidCheck,
    container: text(),
    description: text(),
    incremental: bool,
    force: bool,
    name: text(),
    snapshot_id: uuidOrNull,
    ...(minor >= 43 ? { metadata: pairsOrNull } : {}),
    ...(minor >= 51 ? { availability_zone: text() } : {}),
  };
}

function checkSource(volume: Volume, snapshot: Snapshot | null, force: boolean): void {
  if (snapshot !== null) {
    if (snapshot.volumeId !== volume.id) {
      throw refuse(
        400,
        `Invalid volume: Volume ${volume.id} does not match with snapshot.volume_id ${snapshot.volumeId}.`,
      );
    }
    if (snapshot.status !== 'available') {
      throw refuse(
        400,
        `Invalid snapshot: Snapshot to be backed up must be available, but the current status is "${snapshot.status}".`,
      );
    }
  } else if (!['available', 'in-use'].includes(volume.status)) {
    throw refuse(
      400,
      `Invalid volume: Volume to be backed up must be available or in-use, but the current status is "${volume.status}".`,
    );
  } else if (volume.status === 'in-use' && !force) {
    throw refuse(400, 'Invalid volume: Backing up an in-use volume must use the force flag.');
  }
}

/**
 * The newest available backup of this volume in the caller's project, by the time of its data; for a snapshot only one
 * older than the snapshot. One that is not available never hides an older one. Ties go to the first.
 */
export function chooseParent(backups: Iterable<Backup>, snapshot: Snapshot | null): Backup | undefined {
  let best: Backup | undefined;
  for (const backup of backups) {
    if (backup.status !== 'available') continue;
    if (snapshot !== null && backup.dataTimestamp.getTime() >= snapshot.createdAt.getTime()) continue;
    if (best === undefined || backup.dataTimestamp.getTime() > best.dataTimestamp.getTime()) best = backup;
  }
  return best;
}

function parentFor(core: Core, call: CinderCall, volume: Volume, snapshot: Snapshot | null): Backup | null {
  // The DB layer lists them newest first, which decides where two have the same time.
  const mine = [...core.state.backups.values()]
    .filter((backup) => backup.volumeId === volume.id && backup.projectId === call.projectId)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
  const parent = chooseParent(mine, snapshot);
  if (parent !== undefined) return parent;
  // backup/api.py takes max() over all of them and looks at the winner's own status: where no available backup is older
  // than the snapshot, the first of the list wins, and an available one goes through, newer than the snapshot or not.
  const fallback = mine[0];
  if (snapshot !== null && fallback?.status === 'available') return fallback;
  throw refuse(400, 'Invalid backup: No backups available to do an incremental backup.');
}

function create(core: Core, call: CinderCall): Reply {
  const body = readBody(call.raw, 'backup', {
    fields: createFields(call.minor),
    required: ['volume_id'],
    strict: true,
  });
  const volume = findVolume(core, call, String(body['volume_id']));
  mustBeMember(call, 'backup:create');
  const snapshotId = textOf(body['snapshot_id']);
  const snapshot = snapshotId === null ? null : findSnapshot(core, call, snapshotId);
  checkSource(volume, snapshot, truth(body['force']));
  reserve(core, call.projectId, 'backups', volume.size);
  const parent = truth(body['incremental']) ? parentFor(core, call, volume, snapshot) : null;
  const createdAt = core.clock.now();
  const backup: Backup = {
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    status: 'creating',
    name: trimmed(body['name']),
    description: trimmed(body['description']),
    volumeId: volume.id,
    snapshotId,
    parentId: parent?.id ?? null,
    size: volume.size,
    objectCount: 0,
    container: textOf(body['container']),
    availabilityZone: textOf(body['availability_zone']),
    metadata: pairsOf(body['metadata']),
    failReason: null,
    createdAt,
    updatedAt: createdAt,
    dataTimestamp: snapshot?.createdAt ?? createdAt,
    encryptionKeyId: null,
    saved: null,
  };
  if (snapshot !== null) snapshot.status = 'backing-up';
  else {
    volume.previousStatus = volume.status;
    volume.status = 'backing-up';
    touch(core, volume);
  }
  core.state.backups.set(backup.id, backup);
  call.created(backup.id);
  startBackup(core, call, { backup, volume, snapshot, parent });
  return { status: 202, json: { backup: backupSummary(call, backup) } };
}

interface Work {
  backup: Backup;
  volume: Volume;
  snapshot: Snapshot | null;
  parent: Backup | null;
}

function startBackup(core: Core, call: CinderCall, work: Work): void {
  if (core.options.noBackupService !== false) {
    startNowhere(core, call, work);
    return;
  }
  const { backup, volume, snapshot } = work;
  // The volume manager freezes the source right away; what is written meanwhile is not in the backup.
  const data = (snapshot ?? volume).data.clone();
  let temporary: Volume | undefined;
  const requested = backup.metadata;
  let driven = false;
  const drive = (): void => {
    if (driven || backup.status !== 'creating') return;
    driven = true;
    backup.container ??= `${backup.id.slice(0, 2)}/${backup.id.slice(2, 4)}/${backup.id}`;
    backup.metadata = { ...requested };
  };
  call.job({
    ticks: workTicks(core, volume.size),
    begin: () => {
      backup.availabilityZone ??= 'nova';
      // The service and, a moment later, the driver save the record as it came with the request: objects/backup.py
      // takes the metadata of what came by RPC for changed. What a user set meanwhile is gone; name and description,
      // which count as unchanged, stay.
      backup.metadata = { ...requested };
      cloneKeyFor(core, call, work);
      if (snapshot !== null || volume.previousStatus === 'in-use')
        temporary = addTemporary(core, call, volume, data);
      core.ticks.after(1, drive);
    },
    done: () => {
      drive();
      dropTemporary(core, temporary);
      // Only now does the driver look at the sizes.
      if (work.parent !== null && volume.size > work.parent.size) {
        throw new JobFailure(
          'Invalid backup: Volume size increased since the last backup. Do a full backup.',
          '020',
        );
      }
      finish(core, call, work, data);
    },
    fail: (failure) => {
      dropTemporary(core, temporary);
      releaseSource(core, work, 'error_backing-up');
      backup.status = 'error';
      backup.failReason = failure.message.slice(0, 255);
      touch(core, backup);
      if (failure.detail !== 'none') {
        say(core, call, {
          resourceType: 'VOLUME_BACKUP',
          resourceUuid: backup.id,
          action: '013',
          detail: failure.detail ?? '020',
        });
      }
    },
  });
}

function cloneKeyFor(core: Core, call: CinderCall, { backup, volume }: Work): void {
  if (volume.encryptionKeyId === null) return;
  try {
    backup.encryptionKeyId = cloneKey(core, call.token, volume.encryptionKeyId).id;
  } catch (error) {
    if (!(error instanceof KeyManagerError)) throw error;
    // Before the driver is reached, so there is no user message.
    throw new JobFailure(error.message, 'none');
  }
}

/**
 * volume/driver.py _create_temp_volume: a snapshot, or a volume in use, is backed up from a clone, which stands in the
 * user's own list of volumes as long as the backup runs. It has no key id of its own and counts for no quota.
 */
function addTemporary(core: Core, call: CinderCall, source: Volume, data: Volume['data']): Volume {
  const temporary: Volume = {
    ...source,
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    name: `backup-vol-${source.id}`,
    description: null,
    status: 'backing-up',
    previousStatus: null,
    createdAt: core.clock.now(),
    updatedAt: null,
    snapshotId: null,
    sourceVolid: null,
    metadata: {},
    imageMetadata: null,
    bootable: false,
    encryptionKeyId: null,
    attachments: [],
    consumesQuota: false,
    data,
  };
  core.state.volumes.set(temporary.id, temporary);
  return temporary;
}

function dropTemporary(core: Core, temporary: Volume | undefined): void {
  if (temporary === undefined) return;
  temporary.status = 'deleting';
  core.ticks.after(1, () => void core.state.volumes.delete(temporary.id));
}

/** Back to what it was before, in success and in failure: only the backup tells which. */
function releaseSource(core: Core, { volume, snapshot }: Work, previous: string): void {
  if (snapshot !== null) {
    snapshot.status = 'available';
    return;
  }
  if (volume.previousStatus !== null) volume.status = volume.previousStatus;
  volume.previousStatus = previous;
  touch(core, volume);
}

function finish(core: Core, call: CinderCall, work: Work, data: Volume['data']): void {
  const { backup, volume, parent } = work;
  releaseSource(core, work, 'backing-up');
  if (core.options.forcedFull && parent !== null) {
    backup.parentId = null;
    // ceph.py files the message under the volume, not under the backup.
    say(core, call, {
      resourceType: 'VOLUME',
      resourceUuid: volume.id,
      action: '013',
      detail: '030',
      level: 'WARNING',
    });
  }
  backup.saved = {
    data,
    name: volume.name,
    description: volume.description,
    typeId: volume.typeId,
    // The original's key, not the backup's own: manager.py knows how to deal with that on restore.
    encryptionKeyId: volume.encryptionKeyId,
    metadata: { ...volume.metadata },
    imageMetadata: volume.imageMetadata === null ? null : { ...volume.imageMetadata },
  };
  backup.objectCount = objectsOf(data, backup.parentId === null ? null : (parent?.saved?.data ?? null));
  backup.status = 'available';
  touch(core, backup);
  if (parent !== null && backup.parentId !== null) {
    backup.countedAt = new Date(core.clock.ms + core.options.countedAfterMs);
    touch(core, parent);
  }
}

/** A full backup writes an object for each 50 MiB, an incremental one only where something changed. */
function objectsOf(data: Volume['data'], before: Volume['data'] | null): number {
  const pieces = Math.ceil(data.size / OBJECT_BYTES);
  if (before === null) return pieces;
  const changed = data.changedBlocks(before);
  return Math.min(pieces, Math.ceil((changed * BLOCK_BYTES) / OBJECT_BYTES));
}

function startNowhere(core: Core, call: CinderCall, { backup, volume }: Work): void {
  if (core.options.noBackupService === 'silent') return;
  const failed = (): void => {
    // scheduler/manager.py swaps the two, also where a snapshot is backed up: that one stays backing-up for ever, and
    // the volume gets the status it had before the last one.
    const now = volume.status;
    volume.status = volume.previousStatus ?? '';
    volume.previousStatus = now;
    backup.status = 'error';
    backup.failReason = 'Service not found for creating backup.';
    touch(core, backup);
    say(core, call, { resourceType: 'VOLUME_BACKUP', resourceUuid: backup.id, action: '013', detail: '024' });
  };
  call.job({ ticks: 1, done: failed, fail: failed });
}

/** ServiceNotFound is a NotFound: DELETE and restore do not catch it, so it is a 404. */
function mustHaveService(core: Core): void {
  if (core.options.noBackupService !== false) throw refuse(404, 'Service cinder-backup could not be found.');
}

function update(core: Core, call: CinderCall, params: Params): Reply {
  // The method exists since 3.9.
  if (call.minor < 9) return fault(404, 'The resource could not be found.');
  const body = readBody(call.raw, 'backup', {
    fields: { name: text(), description: text(), ...(call.minor >= 43 ? { metadata: pairs } : {}) },
    strict: true,
  });
  const backup = findBackup(core, call, param(params, 'id'));
  mustBeMember(call, 'backup:update');
  if (body['name'] !== undefined) backup.name = trimmed(body['name']);
  if (body['description'] !== undefined) backup.description = trimmed(body['description']);
  if (body['metadata'] !== undefined) backup.metadata = pairsOf(body['metadata']);
  touch(core, backup);
  return { status: 200, json: { backup: backupSummary(call, backup) } };
}

function remove(core: Core, call: CinderCall, params: Params): Reply {
  const backup = findBackup(core, call, param(params, 'id'));
  mustBeMember(call, 'backup:delete');
  if (!['available', 'error'].includes(backup.status)) {
    throw refuse(400, 'Invalid backup: Backup status must be available or error');
  }
  if ([...core.state.backups.values()].some((other) => other.parentId === backup.id)) {
    throw refuse(400, 'Invalid backup: Incremental backups exist for this backup.');
  }
  mustHaveService(core);
  backup.status = 'deleting';
  touch(core, backup);
  call.job({
    ticks: 2,
    done: () => {
      if (backup.encryptionKeyId !== null) dropKey(core, backup.encryptionKeyId);
      core.state.backups.delete(backup.id);
    },
    fail: (failure) => {
      backup.status = 'error';
      backup.failReason = failure.message;
      say(core, call, {
        resourceType: 'VOLUME_BACKUP',
        resourceUuid: backup.id,
        action: '014',
        detail: failure.detail ?? '025',
      });
    },
  });
  return { status: 202 };
}

function restore(core: Core, call: CinderCall, params: Params): Reply {
  const body = readBody(call.raw, 'restore', {
    fields: { name: text(), volume_id: uuidOrNull },
    strict: true,
  });
  const backup = findBackup(core, call, param(params, 'id'));
  mustBeMember(call, 'backup:restore');
  if (backup.status !== 'available') throw refuse(400, 'Invalid backup: Backup status must be available');
  const volumeId = textOf(body['volume_id']);
  if (volumeId === null) {
    // The real one makes a volume of the default type and blocks until it is there. Nobody should call it so.
    return fault(501, 'The embedded cloud does not model a restore without volume_id.');
  }
  const volume = findVolume(core, call, volumeId);
  if (volume.status !== 'available') {
    throw refuse(400, 'Invalid volume: Volume to be restored to must be available');
  }
  if (backup.size > volume.size) {
    throw refuse(
      400,
      `Invalid volume: volume size ${volume.size} is too small to restore backup of size ${backup.size}.`,
    );
  }
  mustHaveService(core);
  backup.status = 'restoring';
  touch(core, backup);
  volume.status = 'restoring-backup';
  touch(core, volume);
  call.job({
    ticks: workTicks(core, backup.size),
    done: () => restoreInto(core, call, backup, volume, false),
    fail: (failure) => {
      restoreHalf(backup, volume);
      // The backup is fine again, the volume is not: its status is the only one that tells.
      backup.status = 'available';
      touch(core, backup);
      volume.status = 'error_restoring';
      touch(core, volume);
      if (failure.detail !== 'none') {
        say(core, call, {
          resourceType: 'VOLUME_BACKUP',
          resourceUuid: backup.id,
          action: '015',
          detail: failure.detail ?? '026',
        });
      }
    },
  });
  return {
    status: 202,
    json: { restore: { backup_id: backup.id, volume_id: volume.id, volume_name: volume.name } },
  };
}

export function backupRoutes(core: Core, router: Router<CinderCall>): void {
  const one = '/backups/:id';
  router
    .on('GET', '/backups', (call) => list(core, call, false))
    .on('GET', '/backups/detail', (call) => list(core, call, true))
    .on('POST', '/backups', (call) => create(core, call))
    .on('POST', '/backups/import_record', (call) => {
      mustBeAdmin(call, 'backup:backup-import');
      return fault(501, 'The embedded cloud does not model records.');
    })
    .on('GET', one, (call, params) => {
      const backup = findBackup(core, call, param(params, 'id'));
      return {
        status: 200,
        json: {
          backup: backupDetail(
            call,
            backup,
            parentsAmong([backup], core.state.backups.values(), new Date(core.clock.ms)),
          ),
        },
      };
    })
    .on('PUT', one, (call, params) => update(core, call, params))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('POST', `${one}/restore`, (call, params) => restore(core, call, params))
    .on('GET', `${one}/export_record`, (call, params) => {
      findBackup(core, call, param(params, 'id'));
      mustBeAdmin(call, 'backup:export-import');
      return fault(501, 'The embedded cloud does not model records.');
    })
    .on('POST', `${one}/action`, (call, params) => {
      const name = actionName(call.raw);
      if (name !== 'os-reset_status' && name !== 'os-force_delete') return noSuchAction(name);
      findBackup(core, call, param(params, 'id'));
      const policy = name === 'os-reset_status' ? 'reset_status' : 'force_delete';
      throw refuse(
        403,
        `Policy doesn't allow volume_extension:backup_admin_actions:${policy} to be performed.`,
      );
    });
}
