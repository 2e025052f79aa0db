import { PlainError } from '../../errors.ts';
import type { RestorePoint } from '../../manifest/schema.ts';
import { mapsOf } from '../../payload/blocks/names.ts';
import type { Place } from '../../store/place.ts';
import { quoted } from '../../text/escape.ts';

/**
 * What a place has of these disks that is newer than these points, a line each. A place may list its newest manifest late, but
 * each disk has a list of its own.
 *
 * @param points the newest that a manifest was found for
 * @throws PlainError if the place cannot be listed
 */
export async function newerMaps(place: Place, points: readonly RestorePoint[]): Promise<string[]> {
  const told: string[] = [];
  for (const { resource, ...point } of points) {
    const payload = 'payload' in point ? point.payload : null;
    if (payload?.layout !== 'blocks') continue;
    const [folder = '', map = ''] = payload.name.split('/maps/');
    const start = mapsOf(folder);
    const names: string[] = [];
    for await (const { name } of place.list(start)) names.push(name.slice(start.length));
    // Of another place, or one whose lists show nothing yet.
    if (!names.includes(map)) continue;
    const newest = names.sort().at(-1) ?? '';
    if (timeOf(newest) <= timeOf(map)) continue;
    told.push(
      `${place.name} has ${resource.kind} ${quoted(resource.name || resource.id)} of ${timeOf(newest)}, too, which is newer than ${timeOf(map)}, the newest in the manifests that were found: the place may list its manifests late, the run that saved it may not have ended, or its manifest is elsewhere. See \`list\` before you use the older one`,
    );
  }
  return told;
}

export function isInBlocks(point: RestorePoint): boolean {
  return 'payload' in point && point.payload?.layout === 'blocks';
}

/** "2026-11-26T01:02:03Z", from the name of a map. */
function timeOf(map: string): string {
  return map.slice(0, 16).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}

/** Like {@link newerMaps}; nothing if the place cannot be listed, as with a credential that may only read. */
export async function newerMapsIfListed(
  place: Place,
  points: readonly RestorePoint[],
): Promise<readonly string[]> {
  try {
    return await newerMaps(place, points);
  } catch (error) {
    if (error instanceof PlainError) return [];
    throw error;
  }
}
