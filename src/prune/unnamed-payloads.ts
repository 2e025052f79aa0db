import type { Found } from '../catalog/everything.ts';
import type { Shelf } from '../catalog/whole.ts';
import { removalOf } from '../payload/removal.ts';
import { ageOf } from '../planfile/due.ts';
import { bytes } from '../text/bytes.ts';
import { counted } from '../text/words.ts';

/** A run may store payloads for this long before its manifest names them. */
const LONGEST_RUN_MS = 48 * 3_600_000;
/** Names of payloads, and of the maps of disks. */
const OURS = /^((secret|volume|server|image)-[0-9a-f-]{36}\b|[^/]+\/maps\/)/;
const MOST_TOLD = 20;

/**
 * Payloads in the store that no manifest names, each in a line, the largest first: only a person may delete them.
 *
 * @param found all manifests of the places that were read, of other projects too
 * @param now milliseconds
 * @param endpoint of the store, if it is in S3 and not at AWS
 */
export function unnamedPayloads(
  shelf: Shelf | undefined,
  found: readonly Found[],
  now: number,
  endpoint?: string,
): string[] {
  if (shelf?.sizes === undefined) return [];
  const { place, sizes, modified } = shelf;
  const named = new Set(
    found.flatMap(({ manifest }) =>
      manifest.restorePoints.flatMap((point) =>
        'payload' in point && point.payload !== null ? [point.payload.name] : [],
      ),
    ),
  );
  const left = [...sizes].flatMap(([name, size]) => {
    const time = modified?.get(name);
    const isLeft = OURS.test(name) && !named.has(name) && time !== undefined && now - time > LONGEST_RUN_MS;
    return isLeft ? [{ name, size, time }] : [];
  });
  const told = left
    .toSorted((a, b) => b.size - a.size)
    .slice(0, MOST_TOLD)
    .map(
      ({ name, size, time }) =>
        `payload ${name} in ${place} (${bytes(size)}, ${ageOf(time, now)} old): no manifest here names it; one of another project or workflow may. If nobody needs it, remove it with: ${removalOf(place, name, endpoint)}`,
    );
  const more = left.length - told.length;
  return more > 0
    ? [...told, `${counted(more, 'more payload')} in ${place} that no manifest here names`]
    : told;
}
