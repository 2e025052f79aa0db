import type { Finding } from '../drill/finding.ts';
import type { Phases } from '../drill/stopwatch.ts';
import type { DrillInputs } from '../inputs/drill.ts';
import type { DrilledPoint } from '../manifest/schema.ts';
import type { Subject } from '../verify/subjects.ts';
import type { Context } from './context.ts';
import { type RecordBeside, recordBeside } from './record-beside.ts';

/** Where the result goes; undefined if nobody would believe it. */
export async function recordOf(
  context: Context,
  given: DrillInputs,
  { cloud, references }: Subject,
  started: string,
): Promise<RecordBeside | undefined> {
  if (given['verify-key'] !== undefined && given['sign-key'] === undefined) {
    context.host.log.warn(
      'the result is not recorded: with `verify-key`, a list believes only what is signed. Give `sign-key` too',
    );
    return undefined;
  }
  return cloud && recordBeside(context, given, cloud, references, started);
}

/** @returns the manifest; undefined if a place did not take it, which was logged */
export async function publishDrill(
  { record, publish: to }: RecordBeside,
  point: DrilledPoint,
): Promise<string | undefined> {
  record.drill([point]);
  return to(point.time);
}

const LONGEST = 4096;

export function recordedAs(
  { entry }: Pick<Subject, 'entry'>,
  byHand: boolean,
  { reached, seen, size, keyProved, why, undecided }: Finding,
  {
    level,
    seed,
    seconds,
    time,
  }: Pick<DrilledPoint, 'level' | 'seed' | 'time'> & { readonly seconds: Phases },
): DrilledPoint {
  return {
    point: entry.point,
    resource: { kind: entry.kind, id: entry.id },
    level,
    result: why !== undefined ? 'failed' : undecided !== undefined ? 'no output' : 'passed',
    reached,
    time,
    seconds,
    size,
    seed,
    seen: seen.slice(0, 64).map((line) => line.slice(0, LONGEST)),
    ...(byHand && { by: 'hand' as const }),
    ...(keyProved && { key: 'proved' as const }),
    ...(why !== undefined && { why: why.slice(0, LONGEST) }),
  };
}
