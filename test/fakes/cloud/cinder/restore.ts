/**
 * What a restore does to its target, step by step as cinder/backup/manager.py `_run_restore` and cinder/backup/driver.py
 * `BackupMetadataAPI.put`: the data first, then the metadata, then the keys. A failure half-way undoes nothing.
 */
import { BLOCK_BYTES } from '../bytes.ts';
import type { Core } from '../core.ts';
import { JobFailure } from '../http.ts';
import { cloneKey, dropKey, KeyManagerError } from '../keys.ts';
import type { Backup, Volume } from '../state.ts';
import type { Actor } from './call.ts';
import { touch } from './find.ts';

/** Throws a JobFailure; its detail is 'none' where Cinder leaves no user message. */
export function restoreInto(core: Core, actor: Actor, backup: Backup, volume: Volume, isNew: boolean): void {
  const { saved } = backup;
  if (saved === null) throw new JobFailure('the backup has no data', '026');
  const formerKey = volume.encryptionKeyId;
  if (isNew && volume.data.size < saved.data.size) volume.data.resize(saved.data.size);
  if (saved.data.size > volume.data.size) throw new JobFailure('the backup does not fit', '026');
  volume.data.overlay(saved.data);
  restoreMetadata(volume, saved);
  if (volume.encryptionKeyId !== formerKey) rekey(core, actor, backup, volume, formerKey);
  const before = volume.metadata['src_backup_id'];
  if (backup.volumeId !== volume.id || (before !== undefined && before !== backup.id)) {
    volume.metadata['src_backup_id'] = backup.id;
  }
  volume.status = 'available';
  touch(core, volume);
  backup.status = 'available';
  touch(core, backup);
}

/**
 * What a chunked driver leaves when one of a backup's objects is bad: those before it are written, what follows is as it
 * was. Seen on the real cloud with the second object damaged; here the bad one lies in the middle.
 */
export function restoreHalf({ saved }: Backup, volume: Volume): void {
  if (saved === null) return;
  const good = saved.data.clone();
  good.resize(Math.min(Math.floor(saved.data.size / 2 / BLOCK_BYTES) * BLOCK_BYTES, volume.data.size));
  volume.data.overlay(good);
}

function restoreMetadata(volume: Volume, saved: NonNullable<Backup['saved']>): void {
  if (saved.encryptionKeyId !== null && saved.typeId !== volume.typeId) {
    throw new JobFailure(
      `The source volume type '${saved.typeId}' is different than the destination volume type '${volume.typeId}'.`,
      '026',
    );
  }
  const named = volume.name ?? '';
  const keepsName =
    saved.name === null || saved.name === '' || (named !== '' && !named.startsWith('restore_backup_'));
  if (!keepsName) {
    volume.name = saved.name;
    volume.description = saved.description;
  }
  // Also null: a plain backup makes an encrypted volume a plain one in the database, and its key is dropped below.
  volume.encryptionKeyId = saved.encryptionKeyId;
  // A source without user metadata leaves the target's alone; else they are replaced as a whole.
  if (Object.keys(saved.metadata).length > 0) volume.metadata = { ...saved.metadata };
  if (saved.imageMetadata !== null && Object.keys(saved.imageMetadata).length > 0) {
    volume.imageMetadata = { ...saved.imageMetadata };
    volume.bootable = true;
  }
}

function rekey(core: Core, actor: Actor, backup: Backup, volume: Volume, formerKey: string | null): void {
  if (formerKey !== null) dropKey(core, formerKey);
  backup.encryptionKeyId ??= volume.encryptionKeyId;
  if (backup.encryptionKeyId === null) return;
  try {
    // With the caller's token, however long the restore took: hours later it may be dead.
    volume.encryptionKeyId = cloneKey(core, actor.token, backup.encryptionKeyId).id;
  } catch (error) {
    if (!(error instanceof KeyManagerError)) throw error;
    throw new JobFailure(error.message, 'none');
  }
}
