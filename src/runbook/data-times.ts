import type { RestorePoint, VolumePoint } from '../manifest/schema.ts';
import { toMinute } from '../text/words.ts';
import type { Book } from './book.ts';

/** Says when the data of a restore point was taken; empty unless it is a volume. */
export type DataTimes = (point: RestorePoint) => string[];

/**
 * A run that adopts a backup, or whose servers share a volume, may have several restore points of one volume: then also
 * says which is the newest, and which one a server needs.
 */
export function dataTimes(points: readonly RestorePoint[], book: Book): DataTimes {
  const [byVolume, servers] = [volumesOf(points), serversOf(points, book)];
  return (point) => {
    if (!isOfVolume(point)) return [];
    const taken = `Its data was taken at ${toMinute(timeOf(point))}.`;
    const volume = byVolume.get(point.resource.id);
    if (volume === undefined || volume.count === 1) return [taken];
    const newest = volume.newest === point ? 'this one' : `section ${book.number(volume.newest.id)}`;
    const of = `Of the ${volume.count} sections of this volume, ${newest} has the newest data.`;
    return [[taken, of, ...neededBy(servers.get(point.id) ?? [])].join(' ')];
  };
}

function neededBy(sections: readonly number[]): string[] {
  if (sections.length === 0) return [];
  return [
    sections.length === 1
      ? `The server of section ${sections[0]} needs this one.`
      : `The servers of sections ${sections.join(', ')} need this one.`,
  ];
}

interface OfVolume {
  readonly count: number;
  readonly newest: VolumePoint;
}

function volumesOf(points: readonly RestorePoint[]): ReadonlyMap<string, OfVolume> {
  const all = new Map<string, OfVolume>();
  for (const point of points) {
    if (!isOfVolume(point)) continue;
    const { count, newest } = all.get(point.resource.id) ?? { count: 0, newest: point };
    const isNewer = timeOf(point) >= timeOf(newest);
    all.set(point.resource.id, { count: count + 1, newest: isNewer ? point : newest });
  }
  return all;
}

/** The sections of the servers that use a restore point as a disk, by its id. */
function serversOf(points: readonly RestorePoint[], book: Book): ReadonlyMap<string, readonly number[]> {
  const servers = new Map<string, number[]>();
  for (const server of points) {
    if (server.method !== 'disks') continue;
    for (const id of new Set(server.resource.disks.map(({ point }) => point))) {
      const known = servers.get(id) ?? [];
      known.push(book.number(server.id));
      servers.set(id, known);
    }
  }
  return servers;
}

function isOfVolume(point: RestorePoint): point is VolumePoint {
  return point.method === 'cinder-backup' || point.method === 'image';
}

function timeOf(point: VolumePoint): number {
  return Date.parse(point.method === 'image' ? point.image.created : point.backup.dataTimestamp);
}
