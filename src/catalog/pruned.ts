import type { Manifest } from '../manifest/schema.ts';
import type { Found } from './found.ts';

/** Restore points that a manifest may still list, but that are no longer offered. */
export function prunedIn({ pruned = [] }: Manifest): string[] {
  return pruned.map(({ point }) => point);
}

/** A manifest without the points that were pruned. */
export function without(pruned: ReadonlySet<string>, manifest: Manifest): Manifest {
  const left = manifest.restorePoints.filter(({ id }) => !pruned.has(id));
  return left.length === manifest.restorePoints.length ? manifest : { ...manifest, restorePoints: left };
}

/** Only a manifest trusted as much as the one that lists a restore point can hide it. */
export function withoutPruned(found: readonly Found[]): Found[] {
  const all = new Set(found.flatMap(({ manifest }) => prunedIn(manifest)));
  if (all.size === 0) return [...found];
  const trusted = new Set(
    found.flatMap(({ manifest, doubt }) => (doubt === undefined ? prunedIn(manifest) : [])),
  );
  return found.map((one) => ({
    ...one,
    manifest: without(one.doubt === undefined ? trusted : all, one.manifest),
  }));
}
