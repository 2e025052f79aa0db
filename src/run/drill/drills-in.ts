import type { Found } from '../../catalog/found.ts';
import { trustedRecords } from '../../catalog/trusted-records.ts';
import type { EarlierDigest } from '../../drill/proof.ts';
import type { DrilledPoint } from '../../manifest/schema.ts';
import type { SeenDrill } from '../../planfile/proof.ts';
import { keyOf } from '../../planfile/resource.ts';

type Drilled = NonNullable<DrilledPoint['resource']>;

/** The drills that manifests record: also of restore points that were pruned since, if the record says what they were of. */
export function drillsIn(found: readonly Found[], now: number): SeenDrill[] {
  const listed = new Map<string, Drilled>();
  const trusted = new Set<string>();
  for (const { manifest, doubt } of found)
    for (const { id, resource } of manifest.restorePoints) {
      listed.set(id, resource);
      if (doubt === undefined) trusted.add(keyOf(resource));
    }
  const doubted = new Set(
    found.flatMap(({ manifest: { drilled = [] }, doubt }) => (doubt === undefined ? [] : drilled)),
  );
  return trustedRecords(found, ({ drilled = [] }) => drilled, now).flatMap((record): SeenDrill[] => {
    const resource = listed.get(record.point) ?? record.resource;
    if (resource === undefined) return [];
    // Nobody vouches for what it says of a point that is gone: as with points, it counts where nothing better does.
    if (!listed.has(record.point) && doubted.has(record) && trusted.has(keyOf(resource))) return [];
    const { found: looked = 0, restored, booted = 0 } = record.seconds;
    return [
      {
        kind: resource.kind,
        resource: resource.id,
        point: record.point,
        time: Date.parse(record.time),
        result: record.result,
        reached: record.reached ?? undefined,
        ...(record.by === 'hand' && { byHand: true }),
        // A person takes another time than the program.
        restoreSeconds:
          restored === undefined || record.by === 'hand' ? undefined : looked + restored + booted,
      },
    ];
  });
}

/** What the newest drill that passed read of each restore point, where nobody knew a digest beforehand. */
export function digestsIn(found: readonly Found[], now: number): ReadonlyMap<string, EarlierDigest> {
  const read = trustedRecords(found, ({ drilled = [] }) => drilled, now).flatMap(
    ({ point, result, digest, time }) =>
      result === 'passed' && digest !== undefined ? [[point, { ...digest, time }] as const] : [],
  );
  return new Map(read.toSorted(([, a], [, b]) => Date.parse(a.time) - Date.parse(b.time)));
}
