import type { Found } from './found.ts';

/**
 * What manifests say of restore points of any manifest, as far as they may be believed: a record counts only for points
 * whose manifest is not trusted more, and not if it was altered.
 *
 * @param recordsIn the records of one manifest
 */
export function trustedRecords<R extends { readonly point: string }>(
  found: readonly Found[],
  recordsIn: (manifest: Found['manifest']) => readonly R[],
): R[] {
  const trusted = new Set(
    found.flatMap(({ manifest, doubt }) =>
      doubt === undefined ? manifest.restorePoints.map(({ id }) => id) : [],
    ),
  );
  return found.flatMap(({ manifest, doubt }) =>
    recordsIn(manifest).filter(
      ({ point }) => doubt === undefined || !(trusted.has(point) || doubt.what.startsWith('was altered')),
    ),
  );
}
