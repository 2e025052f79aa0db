import type { Kind } from '../manifest/points.ts';
import type { Duty } from './due.ts';
import type { PlanEntry } from './plan-file.ts';

/** Duties of one entry and one kind, which are done together. */
export interface DuePart {
  readonly entry: PlanEntry;
  readonly kind: Kind;
  readonly duties: readonly Duty[];
}

/** Within an entry, servers come first, as they save their disks. */
const ORDER: readonly Kind[] = ['server', 'volume', 'image', 'secret'];

/**
 * What is due, in the order to do it.
 *
 * @param startOnly whether Cinder backups of volumes are left to the cloud: they come last, since they block their
 * volumes until they finish
 */
export function duePartsOf(
  duties: readonly Duty[],
  entries: readonly PlanEntry[],
  startOnly = false,
): DuePart[] {
  const due = duties.filter((duty) => duty.due && duty.within === undefined);
  const parts = entries.flatMap((entry) =>
    ORDER.flatMap((kind) => {
      const own = due.filter((duty) => duty.entry === entry && duty.resource.kind === kind);
      return own.length === 0 ? [] : [{ entry, kind, duties: own }];
    }),
  );
  return startOnly ? parts.toSorted((one, other) => leaving(one) - leaving(other)) : parts;
}

/** How likely a part is to leave its volumes to the cloud. */
function leaving({ entry: { method }, kind }: DuePart): number {
  if (kind !== 'volume' || method === 'image') return 0;
  return method === 'auto' ? 1 : 2;
}
