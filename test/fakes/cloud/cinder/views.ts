/** How volumes, snapshots and backups look, by microversion. */
import { isoMicros } from '../clock.ts';
import type { Core } from '../core.ts';
import type { JsonObject } from '../http.ts';
import type { Backup, Snapshot, Volume } from '../state.ts';
import { type CinderCall, links } from './call.ts';

const SERVICE_ID = '6a1d5f3c-0b7e-4d21-9f64-c1f0e5a7b802';

function when(date: Date | null): string | null {
  return date === null ? null : isoMicros(date);
}

/** Known once a host took the volume, and never for Cinder's own; until then the database's defaults show. */
function placement(volume: Volume): JsonObject {
  const placed = volume.status !== 'creating' && volume.consumesQuota;
  return { shared_targets: !placed, service_uuid: placed ? SERVICE_ID : null };
}

export function volumeSummary(call: CinderCall, volume: Volume): JsonObject {
  return { id: volume.id, name: volume.name, links: links(call, 'volumes', volume.id) };
}

export function volumeDetail(core: Core, call: CinderCall, volume: Volume): JsonObject {
  const type = core.state.types.get(volume.typeId);
  const { minor } = call;
  return {
    id: volume.id,
    status: volume.status === '' ? null : volume.status,
    size: volume.size,
    availability_zone: volume.availabilityZone,
    created_at: when(volume.createdAt),
    updated_at: when(volume.updatedAt),
    name: volume.name,
    description: volume.description,
    volume_type: type?.name ?? volume.typeId,
    snapshot_id: volume.snapshotId,
    source_volid: volume.sourceVolid,
    metadata: { ...volume.metadata },
    links: links(call, 'volumes', volume.id),
    user_id: volume.userId,
    bootable: String(volume.bootable),
    encrypted: volume.encryptionKeyId !== null,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: false,
    attachments: volume.attachments.map((attachment) => ({
      id: volume.id,
      attachment_id: attachment.attachmentId,
      volume_id: volume.id,
      server_id: attachment.serverId,
      host_name: null,
      device: attachment.device,
      attached_at: isoMicros(attachment.attachedAt),
    })),
    ...(minor >= 13 ? { group_id: null } : {}),
    ...(minor >= 48 ? placement(volume) : {}),
    ...(minor >= 63 ? { volume_type_id: volume.typeId } : {}),
    ...(minor >= 64 && volume.encryptionKeyId !== null ? { encryption_key_id: volume.encryptionKeyId } : {}),
    ...(minor >= 65 ? { consumes_quota: volume.consumesQuota } : {}),
    'os-vol-tenant-attr:tenant_id': volume.projectId,
  };
}

/** Only show and list add it, not the answer to a create or update. */
export function withImageMetadata(view: JsonObject, volume: Volume): JsonObject {
  const { imageMetadata } = volume;
  if (imageMetadata === null || Object.keys(imageMetadata).length === 0) return view;
  return { ...view, volume_image_metadata: { ...imageMetadata } };
}

export function snapshotView(call: CinderCall, snapshot: Snapshot): JsonObject {
  return {
    id: snapshot.id,
    created_at: when(snapshot.createdAt),
    updated_at: when(snapshot.updatedAt),
    name: snapshot.name,
    description: snapshot.description,
    volume_id: snapshot.volumeId,
    status: snapshot.status,
    size: snapshot.size,
    metadata: { ...snapshot.metadata },
    ...(call.minor >= 14 ? { group_snapshot_id: null } : {}),
    ...(call.minor >= 41 ? { user_id: snapshot.userId } : {}),
    ...(call.minor >= 65 ? { consumes_quota: true } : {}),
  };
}

export function snapshotExtras(snapshot: Snapshot): JsonObject {
  return {
    'os-extended-snapshot-attributes:progress': snapshot.status === 'creating' ? '0%' : '100%',
    'os-extended-snapshot-attributes:project_id': snapshot.projectId,
  };
}

export function backupSummary(call: CinderCall, backup: Backup): JsonObject {
  return { id: backup.id, name: backup.name, links: links(call, 'backups', backup.id) };
}

/**
 * Which of these have a child. Cinder counts one once it is finished, so a running one does not show here (but does forbid
 * the deletion).
 */
export function parentsAmong(
  rows: readonly Backup[],
  backups: Iterable<Backup>,
  now: Date,
): ReadonlySet<string> {
  const shown = new Set(rows.map(({ id }) => id));
  const parents = new Set<string>();
  for (const { parentId, status, countedAt = now } of backups) {
    const counts = status !== 'creating' && status !== 'error' && countedAt <= now;
    if (parentId !== null && shown.has(parentId) && counts) parents.add(parentId);
  }
  return parents;
}

export function backupDetail(call: CinderCall, backup: Backup, parents: ReadonlySet<string>): JsonObject {
  return {
    id: backup.id,
    status: backup.status,
    size: backup.size,
    object_count: backup.objectCount,
    availability_zone: backup.availabilityZone,
    container: backup.container,
    created_at: when(backup.createdAt),
    updated_at: when(backup.updatedAt),
    name: backup.name,
    description: backup.description,
    fail_reason: backup.failReason,
    volume_id: backup.volumeId,
    links: links(call, 'backups', backup.id),
    is_incremental: backup.parentId !== null,
    has_dependent_backups: parents.has(backup.id),
    snapshot_id: backup.snapshotId,
    data_timestamp: when(backup.dataTimestamp),
    ...(call.minor >= 43 ? { metadata: { ...backup.metadata } } : {}),
    ...(call.minor >= 64 && backup.encryptionKeyId !== null
      ? { encryption_key_id: backup.encryptionKeyId }
      : {}),
  };
}
