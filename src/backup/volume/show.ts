import type { RestorePoint, VolumeBackupPoint } from '../../manifest/schema.ts';
import { toldStored } from '../../payload/stored.ts';
import type { Log } from '../../ports/log.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { VolumeBackupPlan, VolumeBackupWishes } from './plan.ts';

/** Says what the run will do with each volume. */
export function showVolumes(
  plans: readonly VolumeBackupPlan[],
  { payloads, recipients }: Pick<VolumeBackupWishes, 'payloads' | 'recipients'>,
  log: Log,
): void {
  for (const { volume, decision, encryption, imageIfTaken } of plans) {
    log.info(
      `${quoted(volume.name)} (${volume.id}), ${volume.size} GiB, ${volume.status}${encryption === null ? '' : `, encrypted (${encryption.provider ?? 'unknown provider'})`}: ${decision.mode}, because ${decision.reason}`,
    );
    if (imageIfTaken)
      log.warn(
        `Since 2025.1, Glance refuses images with a LUKS2 header: if this cloud accepts one, ${quoted(volume.name)} (${volume.id}) is saved as an image instead, which can leave the cloud`,
      );
    if (decision.mode === 'image' && decision.doubt !== undefined)
      log.warn(
        `${decision.doubt} unless the operator configured more: if the image of ${quoted(volume.name)} (${volume.id}) fails, use \`method: cinder-backup\``,
      );
  }
  const cloudOnly = plans.filter(({ encryption }) => encryption !== null).length;
  if (cloudOnly > 0 && payloads?.sealed !== true)
    log.warn(cloudOnlyKeys(cloudOnly, payloads !== undefined, recipients));
}

function cloudOnlyKeys(count: number, hasStore: boolean, hasRecipients: boolean): string {
  const lacking = [
    ...(hasStore ? [] : ['`store` (where they go)']),
    ...(hasRecipients ? [] : ['`recipients` (who can open them)']),
  ].join(' and ');
  return `${count === 1 ? 'one volume is encrypted, and its key exists' : `${count} volumes are encrypted, and their keys exist`} only in the cloud: if it loses a key, nobody can open that backup. To save the keys too, give ${lacking}`;
}

/** What is printed about a recorded volume; nothing about its key. */
export function toldVolume(point: RestorePoint): string | undefined {
  const { resource, seconds } = point;
  switch (point.method) {
    case 'cinder-backup':
      return `backup ${point.backup.id} of volume ${quoted(resource.name)} is available after ${seconds.toFixed(1)} s`;
    case 'image': {
      const { payload, image } = point;
      const where = payload === null ? `image ${image.id}` : `${payload.name}, ${toldStored(payload)}`;
      return `volume ${quoted(resource.name)} (${resource.id}) saved as ${where}, after ${seconds.toFixed(1)} s`;
    }
    default:
      return undefined;
  }
}

/** The message for a recorded backup of an earlier run. */
export function toldAdopted({ backup, resource }: VolumeBackupPoint, wasHandedOver: boolean): string {
  return `backup ${backup.id} of volume ${quoted(resource.name)} is available, ${wasHandedOver ? 'recorded for the run that left it to the cloud' : 'adopted from an interrupted run'}`;
}

/** A plan as a program reads it. */
export function plannedVolume({ volume, decision, encryption }: VolumeBackupPlan): Json {
  const { id, name, size, status } = volume;
  return {
    kind: 'volume',
    id,
    name,
    sizeBytes: size * GIB,
    status,
    encrypted: encryption !== null,
    method: decision.mode === 'image' ? 'image' : 'cinder-backup',
    mode: decision.mode === 'image' ? null : decision.mode,
    reason: decision.reason,
  };
}
