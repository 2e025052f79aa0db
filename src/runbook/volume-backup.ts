import type { VolumeBackupPoint } from '../manifest/schema.ts';
import type { Book, Section } from './book.ts';
import { check, fence, shown, until } from './shell.ts';
import { newVolume, settled, unsettableNote, volumeTitle, volumeWas } from './volume.ts';

/**
 * A volume from a Cinder backup: an empty volume of the very type, and the backup onto it. To let Cinder make the volume
 * would be one command less, and fail for every type but the default one.
 */
export function volumeBackupSection(point: VolumeBackupPoint, book: Book): Section {
  const { resource, backup, chain } = point;
  const variable = book.variable('volume', point.id);
  const volume = `"$${variable}"`;
  const encrypted = resource.encryption !== null;
  return {
    title: volumeTitle(resource),
    body: [
      volumeWas(point),
      `Its data is in Cinder backup \`${backup.id}\`${chain.position === 0 ? '' : `, increment ${chain.position} of its chain: Cinder reads the full backup and all increments before it, so delete none of them`}.`,
      ...(encrypted
        ? [
            "It opens only with the cloud's own copy of the key, and only on a volume of exactly this type: a saved key cannot replace it.",
          ]
        : []),
      ...unsettableNote(resource.metadata),
      fence([
        check(shown('volume backup', 'status', backup.id), 'available'),
        ...newVolume(point, variable, backup.size),
        // Clients 6.3 to 7.2 fail when it has begun. What Cinder notes says that it came to this volume, and not to a new
        // one of that name; only in the end, and of a request that was refused never.
        `openstack volume backup restore --force ${backup.id} ${volume} > /dev/null || echo 'the checks below say whether it has begun anyway' >&2`,
        until('available', 'volume', volume),
        check(
          `${shown('volume', 'properties', volume)} | grep -c "src_backup_id[':= ]*${backup.id}" || true`,
          '1',
        ),
        check(shown('volume', 'encrypted', volume), encrypted ? 'True' : 'False'),
        // Cinder brings the image's metadata back, and the volume's with one property more.
        ...settled(resource, variable, { metadata: true, imageMetadata: {} }),
      ]),
    ],
  };
}
