import type { Found } from '../catalog/found.ts';
import { trustedRecords } from '../catalog/trusted-records.ts';
import type { SeenDrill } from '../planfile/proof.ts';

/** The drills that manifests record, of restore points that one of them lists. */
export function drillsIn(found: readonly Found[]): SeenDrill[] {
  const resources = new Map(
    found.flatMap(({ manifest }) =>
      manifest.restorePoints.map(({ id, resource }) => [id, resource] as const),
    ),
  );
  return trustedRecords(found, ({ drilled = [] }) => drilled).flatMap((record): SeenDrill[] => {
    const resource = resources.get(record.point);
    if (resource === undefined) return [];
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
