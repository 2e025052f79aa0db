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

/** What is due, in the order in which it is done. */
export function duePartsOf(duties: readonly Duty[], entries: readonly PlanEntry[]): DuePart[] {
  const due = duties.filter((duty) => duty.due && duty.within === undefined);
  return entries.flatMap((entry) =>
    ORDER.flatMap((kind) => {
      const own = due.filter((duty) => duty.entry === entry && duty.resource.kind === kind);
      return own.length === 0 ? [] : [{ entry, kind, duties: own }];
    }),
  );
}
