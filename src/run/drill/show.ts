import type { Finding } from '../../drill/finding.ts';
import type { Phases } from '../../drill/stopwatch.ts';
import type { Log } from '../../ports/log.ts';
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

/** The last lines of a console: to the log alone, whose secrets are masked. */
export function tellConsole({ console: lines = [] }: Finding, log: Log): void {
  for (const line of lines) log.info(`console: ${line}`);
}

export function drillSummary(title: string, lines: readonly string[]): string {
  return [`### ${forMarkdown(title)}`, '', ...lines.map((line) => `- ${forMarkdown(line)}`)].join('\n');
}
