import { readTags } from '../chain/tags.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { doubtOf } from '../temporaries/leftovers.ts';
import { resourceOf, type Saved } from './point.ts';

/**
 * Complete backups that an ended run left and that no manifest names, as the restore points that they would be, with
 * the name and metadata of their volume's newest point. If the volume is gone, no run can record them any more, and
 * they would keep their chains forever.
 *
 * @param points of all manifests
 * @param now milliseconds, by the cloud's clock
 */
export function unrecorded(points: readonly Saved[], backups: readonly Backup[], now: number): Saved[] {
  const named = new Set(points.flatMap(({ id, data }) => (data?.kind === 'backup' ? [id, data.id] : [id])));
  const newest = new Map<string, Saved>();
  for (const point of points.toSorted((a, b) => a.time - b.time)) newest.set(resourceOf(point), point);
  return backups.flatMap((backup): Saved[] => {
    const { id, volumeId, name, status, dataTimestamp } = backup;
    const tags = status === 'available' && !named.has(id) ? readTags(backup) : undefined;
    if (tags?.state !== 'started' || named.has(tags.point) || !(Date.parse(tags.expires ?? '') < now))
      return [];
    if (doubtOf(backup, tags, backups) !== undefined) return [];
    const { point, pointTags, chain, position, parent } = tags;
    const known = newest.get(resourceOf({ kind: 'volume', resource: volumeId }));
    return [
      {
        id: point,
        kind: 'volume',
        resource: volumeId,
        // Ours ends with the time of the backup.
        name: known?.name ?? name.replace(/ \S+$/, ''),
        metadata: known?.metadata ?? {},
        time: Date.parse(dataTimestamp),
        tags: pointTags,
        data: { kind: 'backup', id, volume: volumeId, chain, position, parent },
        image: undefined,
        needs: [],
        isPart: false,
        isUnrecorded: true,
        // Its pruning is recorded beside them.
        manifests: (known ?? points[0])?.manifests ?? [],
        pruned: undefined,
      },
    ];
  });
}
