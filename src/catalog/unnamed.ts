import { readTags, type Tags } from '../chain/tags.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import { TEMPORARY_PROPERTY } from '../temporaries/tags.ts';
import type { Inventory } from './inventory.ts';
import { POINT_PROPERTY } from './kept-image.ts';
import { prunedIn } from './pruned.ts';

/** A restore point that only the cloud tells of: our tags on it say what it is. */
export type Unnamed =
  | { readonly kind: 'backup'; readonly backup: Backup; readonly tags: Tags }
  | { readonly kind: 'image'; readonly image: Image; readonly point: string };

/**
 * Backups and kept images of ours that stand in none of the manifests: those are lost, were not read, or the run did not
 * live to write one. Copies of our tags on other things are nobody's.
 */
export function unnamedIn(
  { backups = [], images = [] }: Inventory,
  manifests: readonly Manifest[],
): Unnamed[] {
  const points = manifests.flatMap(({ restorePoints }) => restorePoints);
  const named = new Set([
    ...points.flatMap((point) =>
      point.method === 'cinder-backup' ? [point.id, point.backup.id] : [point.id],
    ),
    // What is being deleted is not offered.
    ...manifests.flatMap(prunedIn),
  ]);
  return [
    ...backups.flatMap((backup): Unnamed[] => {
      const tags = named.has(backup.id) ? undefined : readTags(backup);
      return tags === undefined || named.has(tags.point) ? [] : [{ kind: 'backup', backup, tags }];
    }),
    ...images.flatMap((image): Unnamed[] => {
      const point = image.properties[POINT_PROPERTY];
      if (point === undefined || named.has(point)) return [];
      return image.properties[TEMPORARY_PROPERTY] === undefined ? [{ kind: 'image', image, point }] : [];
    }),
  ];
}
