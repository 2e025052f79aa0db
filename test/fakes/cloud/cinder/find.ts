/** Look-ups within the caller's project; what belongs to others is not there. */
import type { Core } from '../core.ts';
import type { Backup, Snapshot, Volume } from '../state.ts';
import { type CinderCall, missing } from './call.ts';

export function findVolume(core: Core, call: CinderCall, id: string): Volume {
  const volume = core.state.volumes.get(id);
  if (volume === undefined || volume.projectId !== call.projectId) throw missing('Volume', id);
  return volume;
}

export function findSnapshot(core: Core, call: CinderCall, id: string): Snapshot {
  const snapshot = core.state.snapshots.get(id);
  if (snapshot === undefined || snapshot.projectId !== call.projectId) throw missing('Snapshot', id);
  return snapshot;
}

export function findBackup(core: Core, call: CinderCall, id: string): Backup {
  const backup = core.state.backups.get(id);
  if (backup === undefined || backup.projectId !== call.projectId) throw missing('Backup', id);
  return backup;
}

export function touch(core: Core, row: { updatedAt: Date | null }): void {
  row.updatedAt = core.clock.now();
}
