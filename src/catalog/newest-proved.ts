import { newestVerified } from '../retention/judge.ts';
import { provedDepth } from './drilled.ts';
import type { Entry } from './entries.ts';
import type { Found } from './found.ts';

/**
 * Which restore points pruning keeps because nothing newer of their resource is proved as deep, and how deep: "L3". By the
 * id of the point.
 *
 * @param entries all that there are
 */
export function newestProved(
  entries: readonly Entry[],
  found: readonly Found[],
): ReadonlyMap<string, string> {
  // The key of a disk goes with that.
  const keys = new Set(
    found.flatMap(({ manifest }) =>
      manifest.restorePoints.map(({ resource }) =>
        'encryption' in resource ? resource.encryption?.key.point : undefined,
      ),
    ),
  );
  const own = entries.filter(({ point, state }) => state !== 'broken' && !keys.has(point));
  const levels = new Map<string, string>();
  for (const members of Map.groupBy(own, ({ kind, id }) => `${kind} ${id}`).values()) {
    const newestFirst = members
      .toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time))
      .map(({ point, verified, drilled }) => ({ point, verified: provedDepth(verified, drilled) }));
    for (const { point, verified = '' } of newestVerified(newestFirst)) levels.set(point, verified);
  }
  return levels;
}

/** The entries, those of them that pruning keeps so with `kept`. */
export function withKept(entries: readonly Entry[], found: readonly Found[]): Entry[] {
  const kept = newestProved(entries, found);
  return entries.map((entry) => {
    const level = kept.get(entry.point);
    return level === undefined ? entry : { ...entry, kept: level };
  });
}

/** "newest point proved to L3, so pruning keeps it"; empty if it is not. */
export function keptWords(level: string | undefined): string {
  return level === undefined ? '' : `newest point proved to ${level}, so pruning keeps it`;
}
