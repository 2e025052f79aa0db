import { readTags } from '../../chain/tags.ts';
import { LONGEST_HEADER } from '../../keys/luks.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Need } from '../../openstack/quota-names.ts';
import type { Wanted } from '../../plan/fit.ts';
import { allNeeds, needOfVolume } from '../../plan/quota.ts';
import { GIB } from '../../text/bytes.ts';
import type { SavingWishes, VolumeBackupPlan } from './plan.ts';

/** What a volume needs of the quotas, afterwards and while it is saved. */
export interface VolumeNeeds {
  readonly stays: Need;
  readonly meanwhile: Need;
}

/**
 * Every backup, even an increment, counts with the size of its volume. A volume in use that is saved as an image needs a
 * snapshot and a volume of its size; if it already has a snapshot, only the volume.
 */
export function needsOf(
  { volume, encryption, decision }: VolumeBackupPlan,
  payloads: SavingWishes['payloads'],
  hasSnapshot = false,
): VolumeNeeds {
  const { size, volumeType, status } = volume;
  if (decision.mode !== 'image') return { stays: { backups: 1, backup_gigabytes: size }, meanwhile: {} };
  const bytes = size * GIB + (encryption === null ? 0 : LONGEST_HEADER);
  const image: Need = { images: 1, image_mebibytes: Math.ceil(bytes / 2 ** 20) };
  const copy = hasSnapshot
    ? needOfVolume({ volumes: 1, gigabytes: size }, volumeType)
    : status === 'available'
      ? {}
      : needOfVolume({ volumes: 1, snapshots: 1, gigabytes: 2 * size }, volumeType);
  return payloads === undefined
    ? { stays: image, meanwhile: copy }
    : { stays: {}, meanwhile: allNeeds([image, copy]) };
}

export function wantedVolumes(
  plans: readonly VolumeBackupPlan[],
  backups: readonly Backup[],
  payloads: SavingWishes['payloads'],
): Wanted<VolumeBackupPlan>[] {
  const saved = lastSaved(backups);
  return plans.map((plan) => {
    const { stays, meanwhile } = needsOf(plan, payloads);
    const { id } = plan.volume;
    return { what: plan, savedAt: saved.get(id), parts: [{ id, stays }], meanwhile };
  });
}

/** When we last backed up each volume, by its newest complete backup. */
export function lastSaved(
  backups: readonly Pick<Backup, 'id' | 'volumeId' | 'status' | 'dataTimestamp' | 'metadata'>[],
): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const backup of backups) {
    const { volumeId, status, dataTimestamp } = backup;
    if (status !== 'available' || dataTimestamp <= (newest.get(volumeId) ?? '')) continue;
    if (readTags(backup) !== undefined) newest.set(volumeId, dataTimestamp);
  }
  return newest;
}
