import type { VolumeBackupPoint } from '../manifest/schema.ts';
import type { Book, Section } from './book.ts';
import { check, fence, shown, until } from './shell.ts';
import { newVolume, settled, unsettableNote, volumeTitle, volumeWas } from './volume.ts';

/**
 * Restores a Cinder backup to an empty volume of the same type. Cinder could make the volume itself, which saves a
 * command but fails for every type except the default.
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
        // Clients 6.3 to 7.2 fail although the restore has begun. Cinder's note on the volume proves that the restore
        // came to it and not to a new one of that name, but appears only at the end, and never after a refused request.
        `openstack volume backup restore --force ${backup.id} ${volume} > /dev/null || echo 'the checks below say whether it has begun anyway' >&2`,
        until('available', 'volume', volume),
        check(
          `${shown('volume', 'properties', volume)} | grep -c "src_backup_id[':= ]*${backup.id}" || true`,
          '1',
        ),
        check(shown('volume', 'encrypted', volume), encrypted ? 'True' : 'False'),
        // Cinder restores the image's metadata, and the volume's with an extra property.
        ...settled(resource, variable, { metadata: true, imageMetadata: {} }),
      ]),
    ],
  };
}
