/**
 * Creating volumes: empty, or from a snapshot, a volume, an image or a backup. The order of the checks is that of
 * cinder/api/v3/volumes.py and cinder/volume/flows/api/create_volume.py, as it decides which error a client sees.
 */
import { SparseBytes } from '../bytes.ts';
import { type Core, workTicks } from '../core.ts';
import { copiedDevice, deviceBytes, freshDevice } from '../devices.ts';
import { imageByRef, snapshotOfImage, volumeImageMetadata } from '../glance/for-cinder.ts';
import { JobFailure, type Json, type Reply } from '../http.ts';
import { cloneKey, KeyManagerError, orderKey } from '../keys.ts';
import { openLuks1, passphraseOf } from '../luks.ts';
import { fromQcow2 } from '../qcow2.ts';
import { type Backup, type Image, type Snapshot, uuid, type Volume, type VolumeType } from '../state.ts';
import { type Actor, type CinderCall, CLIENT_ERROR, mustBeMember, refuse, SERVER_ERROR } from './call.ts';
import { findBackup, findSnapshot, findVolume, touch } from './find.ts';
import { say } from './messages.ts';
import { reserve } from './quota.ts';
import { restoreHalf, restoreInto } from './restore.ts';
import {
  anything,
  boolOrNull,
  checkLengths,
  pairsOf,
  pairsOrNull,
  readBody,
  sizeOrNull,
  text,
  trimmed,
  uuidOrNull,
} from './schema.ts';
import { typeByNameOrId } from './types.ts';
import { volumeDetail } from './views.ts';

interface Sources {
  snapshot: Snapshot | null;
  volume: Volume | null;
  image: Image | null;
  backup: Backup | null;
}

function strictFields(minor: number) {
  return {
    name: text(Infinity),
    description: text(Infinity),
    display_name: text(),
    display_description: text(),
    volume_type: text(),
    metadata: pairsOrNull,
    snapshot_id: uuidOrNull,
    source_volid: uuidOrNull,
    consistencygroup_id: uuidOrNull,
    size: sizeOrNull,
    availability_zone: text(255, 1),
    multiattach: boolOrNull,
    image_id: text(),
    imageRef: text(),
    ...(minor >= 13 ? { group_id: anything } : {}),
    ...(minor >= 47 ? { backup_id: uuidOrNull } : {}),
  };
}

function idOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function gatherSources(core: Core, call: CinderCall, body: Record<string, Json | undefined>): Sources {
  const snapshotId = idOf(body['snapshot_id']);
  const sourceId = idOf(body['source_volid']);
  const imageRef = idOf(body['image_id']) ?? idOf(body['imageRef']);
  const backupId = idOf(body['backup_id']);
  let snapshot = snapshotId === null ? null : findSnapshot(core, call, snapshotId);
  const volume = sourceId === null ? null : findVolume(core, call, sourceId);
  let image: Image | null = null;
  if (imageRef !== null) {
    image = imageByRef(core, call.token, imageRef);
    const inside = call.minor >= 46 ? snapshotOfImage(image) : undefined;
    if (inside !== undefined) {
      const found = core.state.snapshots.get(inside);
      if (found === undefined) {
        throw refuse(404, `Nova specific image is found, but boot volume snapshot id:${inside} not found.`);
      }
      snapshot = found;
      image = null;
    }
  }
  // A Cinder before Queens does not know the key: below 3.53 it is ignored and the volume stays empty.
  const knowsBackups = maxMinor(core) >= 47;
  const backup = backupId === null || !knowsBackups ? null : findBackup(core, call, backupId);
  return { snapshot, volume, image, backup };
}

function maxMinor(core: Core): number {
  return Number(core.options.cinderMax.split('.')[1]);
}

function checkStatuses({ snapshot, volume, backup }: Sources): void {
  const complain = (name: string, kind: string, allowed: string): never => {
    throw refuse(400, `Invalid ${kind}: Originating ${name} status must be one of '${allowed}' values`);
  };
  if (snapshot !== null && snapshot.status !== 'available') complain('snapshot', 'snapshot', 'available');
  if (volume !== null && !['available', 'in-use'].includes(volume.status)) {
    complain('source volume', 'volume', 'available, in-use');
  }
  if (backup !== null && backup.status !== 'available') complain('backup', 'backup', 'available');
}

function checkSize(size: number, { snapshot, volume, backup }: Sources): void {
  const tooSmall = (message: string): never => {
    throw refuse(400, `Invalid input received: ${message}`);
  };
  if (volume !== null && size < volume.size) {
    tooSmall(
      `Volume size '${size}'GB cannot be smaller than original volume size  ${volume.size}GB. They must be >= original volume size.`,
    );
  } else if (snapshot !== null && size < snapshot.size) {
    tooSmall(
      `Volume size '${size}'GB cannot be smaller than the snapshot size ${snapshot.size}GB. They must be >= original snapshot size.`,
    );
  } else if (backup !== null && size < backup.size) {
    tooSmall(
      `Volume size ${size}GB cannot be smaller than the backup size ${backup.size}GB. It must be >= backup size.`,
    );
  }
}

/** volume_utils.check_image_metadata */
function checkImage(core: Core, image: Image, size: number): void {
  const complain = (message: string): never => {
    throw refuse(400, `Invalid input received: ${message}`);
  };
  if (image.status !== 'active') complain(`Image ${image.id} is not active.`);
  const gib = Math.ceil((image.size ?? 0) / core.options.gibBytes);
  if (gib > size) complain(`Size of specified image ${gib}GB is larger than volume size ${size}GB.`);
  if (size < image.minDisk) {
    complain(`Volume size ${size}GB cannot be smaller than the image minDisk size ${image.minDisk}GB.`);
  }
  const virtual = Math.ceil((image.virtualSize ?? 0) / core.options.gibBytes);
  if (virtual > size) {
    throw refuse(
      400,
      `Image ${image.id} is unacceptable: Image virtual size is ${virtual}GB and doesn't fit in a volume of size ${size}GB.`,
    );
  }
}

function sameEncryption(a: VolumeType | undefined, b: VolumeType): boolean {
  return JSON.stringify(a?.encryption ?? null) === JSON.stringify(b.encryption);
}

function chooseType(core: Core, asked: VolumeType | null, sources: Sources): VolumeType {
  const { snapshot, volume, image } = sources;
  if (asked !== null) {
    const originId = volume?.typeId ?? snapshot?.typeId;
    if (
      originId !== undefined &&
      originId !== asked.id &&
      !sameEncryption(core.state.types.get(originId), asked)
    ) {
      const advice =
        volume === null
          ? 'recommend omitting the type argument'
          : 'either match source volume, or omit type argument';
      throw refuse(
        400,
        `Invalid input received: Invalid volume_type provided: ${asked.id} (requested type is not compatible; ${advice}).`,
      );
    }
    return asked;
  }
  const identity =
    volume?.typeId ??
    snapshot?.typeId ??
    image?.properties['cinder_img_volume_type'] ??
    core.state.defaultTypeId;
  return typeByNameOrId(core, identity);
}

/** The new volume's key: a clone of its source's, or a fresh one. Made before the quota is asked, so 413 leaks it. */
function chooseKey(core: Core, call: CinderCall, type: VolumeType, sources: Sources): string | null {
  if (type.encryption === null) return null;
  const { snapshot, volume, image } = sources;
  const from =
    snapshot?.encryptionKeyId ?? volume?.encryptionKeyId ?? image?.properties['cinder_encryption_key_id'];
  try {
    return from == null
      ? orderKey(core, call.token, type.encryption.cipher, type.encryption.keySize).id
      : cloneKey(core, call.token, from).id;
  } catch (error) {
    if (!(error instanceof KeyManagerError)) throw error;
    // create_encryption_key catches it and stays terse; clone_encryption_key does not, and its error has no code.
    throw from == null ? refuse(400, 'Key manager error') : refuse(500, SERVER_ERROR);
  }
}

export function createVolume(core: Core, call: CinderCall): Reply {
  const body = readBody(call.raw, 'volume', { fields: strictFields(call.minor), strict: call.minor >= 53 }, [
    'OS-SCH-HNT:scheduler_hints',
  ]);
  checkLengths(body, ['name', 'description']);
  const typeName = idOf(body['volume_type']);
  const asked = typeName === null || typeName === '' ? null : typeByNameOrId(core, typeName);
  const sources = gatherSources(core, call, body);
  const sizeGiven = body['size'];
  const size = Number(
    sizeGiven ?? sources.snapshot?.size ?? sources.volume?.size ?? sources.backup?.size ?? Number.NaN,
  );
  mustBeMember(call, sources.image === null ? 'volume:create' : 'volume:create_from_image');
  // No size at all ends in a TypeError inside Cinder.
  if (Number.isNaN(size)) throw refuse(400, CLIENT_ERROR);
  if (Object.values(sources).filter((source) => source !== null).length > 1) {
    throw refuse(
      400,
      'Invalid input received: May specify only one of backup, imageRef, snapshot, source volume',
    );
  }
  checkStatuses(sources);
  checkSize(size, sources);
  if (sources.image !== null) checkImage(core, sources.image, size);
  const type = chooseType(core, asked, sources);
  const zone = trimmed(body['availability_zone']) ?? sources.volume?.availabilityZone ?? 'nova';
  if (zone !== 'nova') throw refuse(400, `Availability zone '${zone}' is invalid.`);
  const key = chooseKey(core, call, type, sources);
  reserve(core, call.projectId, 'volumes', size, type);
  const volume: Volume = {
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    status: 'creating',
    previousStatus: null,
    size,
    name: trimmed(body['name']) ?? trimmed(body['display_name']),
    description: trimmed(body['description']) ?? trimmed(body['display_description']),
    typeId: type.id,
    availabilityZone: zone,
    createdAt: core.clock.now(),
    updatedAt: null,
    snapshotId: sources.snapshot?.id ?? null,
    sourceVolid: sources.volume?.id ?? null,
    metadata: pairsOf(body['metadata']),
    imageMetadata: null,
    bootable: (sources.snapshot ?? sources.volume)?.bootable ?? false,
    encryptionKeyId: key,
    attachments: [],
    consumesQuota: true,
    data: new SparseBytes(0),
  };
  core.state.volumes.set(volume.id, volume);
  call.created(volume.id);
  startFilling(core, call, volume, sources);
  const { 'os-vol-tenant-attr:tenant_id': _, ...view } = volumeDetail(core, call, {
    ...volume,
    createdAt: core.clock.unrounded(volume.createdAt),
  });
  return { status: 202, json: { volume: view } };
}

/** Where the bytes come from, and how long that takes. */
function startFilling(core: Core, call: CinderCall, volume: Volume, sources: Sources): void {
  const { snapshot, volume: source, image, backup } = sources;
  if (backup !== null) fillFromBackup(core, call, volume, backup);
  else if (image !== null) fillFromImage(core, call, volume, image);
  else fillFromOrigin(core, call, volume, snapshot ?? source);
}

function fillFromOrigin(
  core: Core,
  call: CinderCall,
  volume: Volume,
  origin: Snapshot | Volume | null,
): void {
  // The moment of the clone is the request, whatever is written to the source afterwards.
  const frozen = origin?.data.clone();
  const imageMetadata = origin?.imageMetadata ?? null;
  call.job({
    ticks: 2,
    done: () => {
      const encrypted = volume.encryptionKeyId !== null;
      volume.data =
        frozen === undefined
          ? freshDevice(core, volume.size, volume.encryptionKeyId)
          : copiedDevice(core, frozen, volume.size, encrypted);
      volume.imageMetadata = imageMetadata === null ? null : { ...imageMetadata };
      become(core, volume, 'available');
    },
    fail: (failure) => failCreate(core, call, volume, '008', failure.detail ?? '012'),
  });
}

function become(core: Core, volume: Volume, status: string): void {
  volume.status = status;
  touch(core, volume);
}

function failCreate(core: Core, actor: Actor, volume: Volume, action: string, detail: string): void {
  become(core, volume, 'error');
  say(core, actor, { resourceType: 'VOLUME', resourceUuid: volume.id, action, detail });
}

function fillFromImage(core: Core, call: CinderCall, volume: Volume, image: Image): void {
  call.job({
    ticks: workTicks(core, volume.size),
    begin: () => become(core, volume, 'downloading'),
    done: () => {
      const bytes = core.state.images.get(image.id)?.data;
      if (bytes == null) throw new JobFailure('Failed to copy image to volume', '012');
      volume.data = imageOnDevice(core, volume, image, diskIn(image, bytes));
      volume.imageMetadata = volumeImageMetadata(image);
      volume.bootable = true;
      become(core, volume, 'available');
    },
    fail: (failure) =>
      failCreate(core, call, volume, failure.detail === '007' ? '005' : '008', failure.detail ?? '012'),
  });
}

/** image_utils.fetch_to_volume_format: with qemu-img, which here knows qcow2 only. */
function diskIn({ diskFormat }: Image, bytes: SparseBytes): SparseBytes {
  if (diskFormat === null || ['raw', 'iso'].includes(diskFormat)) return bytes;
  const disk = diskFormat === 'qcow2' ? fromQcow2(bytes) : undefined;
  // Seen on the real one: an encrypted qcow2 leaves a volume in `error`, and no message.
  if (disk === undefined) throw new JobFailure('qemu-img convert failed', 'none');
  return disk;
}

/**
 * volume_utils.copy_image_to_volume: ciphertext goes over as it is, plain bytes are encrypted on the way. Then `_resize` of
 * RBD cuts the device to the volume's size, without room for a header behind it.
 */
export function imageOnDevice(core: Core, volume: Volume, image: Image, bytes: SparseBytes): SparseBytes {
  const { encryptionKeyId: key } = volume;
  if (key === null || image.properties['cinder_encryption_key_id'] !== undefined) {
    // An unencrypted type takes an encrypted image without a word, and then holds LUKS bytes that nobody opens.
    const data = new SparseBytes(Math.max(bytes.size, deviceBytes(core, volume.size, false)));
    data.overlay(bytes);
    return data;
  }
  const data = freshDevice(core, volume.size, key);
  const opened = openLuks1(data, passphraseOf(core.state.secrets.get(key)?.payload ?? Buffer.alloc(0)));
  if (opened === undefined) throw new Error('a fresh device does not open');
  // The header takes room of the volume on some backends, so an image of the full size no longer fits.
  if (bytes.size > opened.payloadBytes)
    throw new JobFailure('Image used for creating volume exceeds available space.', '007');
  let at = 0;
  for (const chunk of bytes.chunks()) {
    opened.writePlain(at, chunk);
    at += chunk.length;
  }
  data.resize(deviceBytes(core, volume.size, false));
  return data;
}

function fillFromBackup(core: Core, call: CinderCall, volume: Volume, backup: Backup): void {
  if (core.options.noBackupService !== false) {
    // cinder/scheduler/flows: no host for the restore, so the volume fails.
    call.job({
      ticks: 2,
      done: () => failCreate(core, call, volume, '001', '003'),
      fail: () => failCreate(core, call, volume, '001', '003'),
    });
    return;
  }
  call.job({
    ticks: workTicks(core, backup.size),
    begin: () => {
      volume.data = freshDevice(core, volume.size, volume.encryptionKeyId);
      backup.status = 'restoring';
    },
    done: () => restoreInto(core, call, backup, volume, true),
    fail: (failure) => {
      restoreHalf(backup, volume);
      backup.status = 'available';
      become(core, volume, 'error');
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
}
