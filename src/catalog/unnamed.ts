import { readTags, type Tags } from '../chain/tags.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import { TEMPORARY_PROPERTY } from '../temporaries/tags.ts';
import type { Inventory } from './inventory.ts';
import { POINT_PROPERTY } from './kept-image.ts';
import { prunedIn } from './pruned.ts';

/** A restore point that no manifest lists: our tags in the cloud say what it is. */
export type Unnamed =
  | { readonly kind: 'backup'; readonly backup: Backup; readonly tags: Tags }
  | { readonly kind: 'image'; readonly image: Image; readonly point: string };

/**
 * Our backups and kept images that no manifest lists: it was lost or not read, or the run was interrupted before it
 * wrote one. Ignores other resources that only carry a copy of our tags.
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
    // Do not offer what is being deleted.
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
