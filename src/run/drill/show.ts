import type { Finding } from '../../drill/finding.ts';
import type { Phases } from '../../drill/stopwatch.ts';
import type { HostLog } from '../../ports/host.ts';
import { forMarkdown, quoted } from '../../text/escape.ts';
import type { Subject } from '../../verify/subjects.ts';

type Drilled = Pick<Subject, 'entry'>;

/** "volume "db" (5f2c…), restore point 91e8… of 2026-…". */
export function drilledPoint({ entry: { kind, name, id, point, time } }: Drilled): string {
  return `${kind} ${quoted(name)} (${id}), restore point ${point} of ${time.replace(/\.\d+/, '')}`;
}

/** "found 1.2 s, restored 40.0 s". */
export function phaseWords(seconds: Phases): string {
  return Object.entries(seconds)
    .map(([phase, count]) => `${phase} ${count.toFixed(1)} s`)
    .join(', ');
}

/** @param lines what else there is to say */
export function drillLines(
  { seen, why, undecided }: Finding,
  seconds: Phases,
  lines: readonly string[],
): string[] {
  return [
    ...seen,
    ...(why === undefined ? [] : [`not proved: ${why}`]),
    ...(undecided === undefined ? [] : [`neither proved nor refuted: ${undecided}`]),
    `times: ${phaseWords(seconds)}`,
    ...lines,
  ];
}

/**
 * Tells how a drill ended. The last lines of a console go to the log alone, whose secrets are masked.
 *
 * @param called {@link drilledPoint}
 * @param isLost whether the result should be recorded, and is not
 * @returns why the step fails; empty if it does not
 */
export function tellFinding(
  log: HostLog,
  called: string,
  { console: lines = [], undecided, why }: Finding,
  isLost: boolean,
): string {
  for (const line of lines) log.info(`console: ${line}`);
  if (undecided !== undefined) log.warn(`the drill of ${called} decides nothing: ${undecided}`);
  if (why !== undefined) log.error(`the drill of ${called} failed: ${why}`);
  return [
    ...(why === undefined ? [] : ['the restore point is not proved']),
    ...(isLost ? ['the result could not be recorded'] : []),
  ].join('; ');
}

export function drillSummary(title: string, lines: readonly string[]): string {
  return [`### ${forMarkdown(title)}`, '', ...lines.map((line) => `- ${forMarkdown(line)}`)].join('\n');
}
