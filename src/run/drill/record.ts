import type { Finding } from '../../drill/finding.ts';
import type { Phases } from '../../drill/stopwatch.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { DrilledPoint } from '../../manifest/schema.ts';
import type { Subject } from '../../verify/subjects.ts';
import type { Context } from '../context.ts';
import { type RecordBeside, recordBeside } from '../record-beside.ts';

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
  points: readonly DrilledPoint[],
  finished: string,
): Promise<string | undefined> {
  record.drill(points);
  return to(finished);
}

type Drill = Pick<DrilledPoint, 'level' | 'seed' | 'time'> & { readonly byHand: boolean };

/** What a drill of a server shows is also recorded of each of its disks. */
export function disksRecorded({ disks = [] }: Finding, drill: Drill): DrilledPoint[] {
  return disks.flatMap(({ finding, seconds, ...of }) => recordsOf(of, finding, { ...drill, seconds }));
}

const LONGEST = 4096;

/**
 * What is recorded of a restore point. A failure by hand says nothing of the data, only of the way: where the data was
 * seen to be wrong, that is recorded as well, as the program's own.
 */
export function recordsOf(
  of: Pick<DrilledPoint, 'point' | 'resource'>,
  finding: Finding,
  facts: Drill & { readonly seconds: Phases },
): DrilledPoint[] {
  const record = recordedAs(of, finding, facts);
  const isWrong = facts.byHand && finding.why !== undefined && finding.isOfWay !== true;
  return isWrong ? [record, recordedAs(of, finding, { ...facts, byHand: false })] : [record];
}

export function recordedAs(
  of: Pick<DrilledPoint, 'point' | 'resource'>,
  { reached, seen, size, digest, keyProved, why, undecided }: Finding,
  { level, byHand, seed, seconds, time }: Drill & { readonly seconds: Phases },
): DrilledPoint {
  return {
    ...of,
    level,
    result: why !== undefined ? 'failed' : undecided !== undefined ? 'no output' : 'passed',
    reached,
    time,
    seconds,
    size,
    seed,
    seen: seen.slice(0, 64).map((line) => line.slice(0, LONGEST)),
    ...(digest !== undefined && why === undefined && { digest }),
    ...(byHand && { by: 'hand' as const }),
    ...(keyProved && { key: 'proved' as const }),
    ...(why !== undefined && { why: why.slice(0, LONGEST) }),
  };
}
