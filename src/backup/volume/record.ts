import type { Tags } from '../../chain/tags.ts';
import type { SavedEncryption, SavedVolume, VolumeBackupPoint } from '../../manifest/schema.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';

export interface SavedFacts {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  readonly backup: Backup;
  readonly tags: Tags;
  readonly reason: string;
  readonly seconds: number;
}

/** The record of a backup that the cloud calls available. */
export function restorePoint({
  volume,
  typeId,
  encryption,
  backup,
  tags,
  reason,
  seconds,
}: SavedFacts): VolumeBackupPoint {
  return {
    id: tags.point,
    // The volume may have grown since: the backup has the old size.
    resource: { ...savedVolume(volume, typeId, encryption), size: backup.size },
    method: 'cinder-backup',
    backup: {
      id: backup.id,
      size: backup.size,
      incremental: backup.incremental,
      created: backup.createdAt,
      finished: backup.updatedAt ?? null,
      dataTimestamp: backup.dataTimestamp,
      availabilityZone: backup.availabilityZone ?? null,
      container: backup.container ?? null,
      keyId: backup.encryptionKeyId ?? null,
    },
    chain: { id: tags.chain, position: tags.position, parent: tags.parent ?? null },
    reason,
    // Older tags lack it: then promise the least.
    consistency: tags.consistency ?? 'crash',
    seconds,
  };
}

/** What a backup of a volume promises if it is requested now. */
export function consistencyOf({ attachments }: Pick<Volume, 'attachments'>): 'offline' | 'crash' {
  return attachments.length === 0 ? 'offline' : 'crash';
}

/** A volume as it is now. */
export function savedVolume(
  volume: Volume,
  typeId: string | undefined,
  encryption: SavedEncryption | null,
): SavedVolume {
  return {
    kind: 'volume',
    id: volume.id,
    name: volume.name,
    description: volume.description,
    size: volume.size,
    type: { id: typeId ?? null, name: volume.volumeType ?? null },
    availabilityZone: volume.availabilityZone,
    bootable: volume.bootable,
    multiattach: volume.multiattach,
    metadata: { ...volume.metadata },
    imageMetadata: { ...volume.imageMetadata },
    attachments: volume.attachments.map(({ serverId, device }) => ({ server: serverId, device })),
    created: volume.createdAt,
    encryption,
  };
}
