/** Usage is counted from the tables each time, so it can never drift as Cinder's own may. */
import type { Core } from '../core.ts';
import type { VolumeType } from '../state.ts';
import { refuse } from './call.ts';

export interface Usage {
  volumes: number;
  snapshots: number;
  gigabytes: number;
  backups: number;
  backupGigabytes: number;
}

export function usageOf(core: Core, projectId: string): Usage {
  const mine = <T extends { projectId: string; size: number }>(table: Map<string, T>): T[] =>
    [...table.values()].filter((row) => row.projectId === projectId);
  const total = (rows: { size: number }[]): number => rows.reduce((sum, row) => sum + row.size, 0);
  const [volumes, snapshots, backups] = [
    mine(core.state.volumes).filter(({ consumesQuota }) => consumesQuota),
    mine(core.state.snapshots),
    mine(core.state.backups),
  ];
  return {
    volumes: volumes.length,
    snapshots: snapshots.length,
    gigabytes: total(volumes) + total(snapshots),
    backups: backups.length,
    backupGigabytes: total(backups),
  };
}

export function limitsOf(core: Core, projectId: string): Usage {
  return (
    core.state.projects.get(projectId)?.quota ?? {
      volumes: 10,
      snapshots: 10,
      gigabytes: 1000,
      backups: 10,
      backupGigabytes: 1000,
    }
  );
}

function exceeds(limit: number, used: number, more: number): boolean {
  return limit >= 0 && used + more > limit;
}

/** 413 where one more of this kind and size does not fit. Gigabytes are looked at first: cinder sorts what is over. */
export function reserve(
  core: Core,
  projectId: string,
  kind: 'volumes' | 'snapshots' | 'backups',
  size: number,
  type?: VolumeType,
): void {
  if (type !== undefined && kind !== 'backups') reserveOfType(core, projectId, kind, size, type);
  const limit = limitsOf(core, projectId);
  const used = usageOf(core, projectId);
  if (kind === 'backups') {
    if (exceeds(limit.backupGigabytes, used.backupGigabytes, size)) {
      throw refuse(
        413,
        `VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested ${size}G, quota is ${limit.backupGigabytes}G and ${used.backupGigabytes}G has been consumed.`,
      );
    }
    if (exceeds(limit.backups, used.backups, 1)) {
      throw refuse(413, `BackupLimitExceeded: Maximum number of backups allowed (${limit.backups}) exceeded`);
    }
    return;
  }
  reserveGigabytes(core, projectId, size);
  if (!exceeds(limit[kind], used[kind], 1)) return;
  throw refuse(
    413,
    kind === 'volumes'
      ? `VolumeLimitExceeded: Maximum number of volumes allowed (${limit.volumes}) exceeded for quota 'volumes'.`
      : `SnapshotLimitExceeded: Maximum number of snapshots allowed (${limit.snapshots}) exceeded`,
  );
}

export function reserveGigabytes(core: Core, projectId: string, size: number): void {
  const limit = limitsOf(core, projectId).gigabytes;
  const used = usageOf(core, projectId).gigabytes;
  if (exceeds(limit, used, size)) {
    throw refuse(
      413,
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${size}G, quota is ${limit}G and ${used}G has been consumed.`,
    );
  }
}

/** `volumes_TYPE`, `snapshots_TYPE` and `gigabytes_TYPE` of every type. */
export function typeQuotasOf(core: Core, projectId: string): Record<string, { used: number; limit: number }> {
  const limits = core.state.projects.get(projectId)?.typeQuota ?? {};
  const quotas: Record<string, { used: number; limit: number }> = {};
  for (const { id, name } of core.state.types.values()) {
    const mine = <T extends { projectId: string; typeId: string }>(row: T): boolean =>
      row.projectId === projectId && row.typeId === id;
    const volumes = [...core.state.volumes.values()].filter((row) => mine(row) && row.consumesQuota);
    const snapshots = [...core.state.snapshots.values()].filter(mine);
    const gigabytes = [...volumes, ...snapshots].reduce((sum, { size }) => sum + size, 0);
    for (const [kind, used] of [
      ['volumes', volumes.length],
      ['snapshots', snapshots.length],
      ['gigabytes', gigabytes],
    ] as const)
      quotas[`${kind}_${name}`] = { used, limit: limits[`${kind}_${name}`] ?? -1 };
  }
  return quotas;
}

function reserveOfType(
  core: Core,
  projectId: string,
  kind: 'volumes' | 'snapshots',
  size: number,
  { name }: VolumeType,
): void {
  const quotas = typeQuotasOf(core, projectId);
  const [gigabytes, count] = [quotas[`gigabytes_${name}`], quotas[`${kind}_${name}`]];
  if (gigabytes !== undefined && exceeds(gigabytes.limit, gigabytes.used, size)) {
    throw refuse(
      413,
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes_${name} quota. Requested ${size}G, quota is ${gigabytes.limit}G and ${gigabytes.used}G has been consumed.`,
    );
  }
  if (count !== undefined && exceeds(count.limit, count.used, 1)) {
    throw refuse(
      413,
      `VolumeLimitExceeded: Maximum number of volumes allowed (${count.limit}) exceeded for quota '${kind}_${name}'.`,
    );
  }
}
