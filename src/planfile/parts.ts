import type { Kind } from '../manifest/points.ts';
import type { Duty } from './due.ts';
import type { PlanEntry } from './plan-file.ts';

/** Duties that are done together: of one entry, and one kind. */
export interface DuePart {
  readonly entry: PlanEntry;
  readonly kind: Kind;
  readonly duties: readonly Duty[];
}

/** Servers first: what is a disk of one is saved with it. Then as the plan has it. */
const ORDER: readonly Kind[] = ['server', 'volume', 'image', 'secret'];

/**
 * What is due, in the order in which it is done.
 *
 * @param startOnly whether Cinder backups of volumes are left to the cloud: they come last, since nothing else can be done
 * with their volumes until they are finished
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

/** How surely a part leaves its volumes to the cloud. */
function leaving({ entry: { method }, kind }: DuePart): number {
  if (kind !== 'volume' || method === 'image') return 0;
  return method === 'auto' ? 1 : 2;
}
