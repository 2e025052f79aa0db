import type { HostLog } from '../ports/host.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { markdownRows } from '../text/rows.ts';

/** Something that a restore made, and that stays although the restore failed. */
export interface Remaining {
  readonly kind: 'volume' | 'image' | 'server' | 'secret';
  readonly id: string;
  readonly name: string;
}

/** "volume "db" (5f2c…)", for messages. */
export function called({ kind, id, name }: Remaining): string {
  return name === '' ? `${kind} ${id}` : `${kind} ${quoted(name)} (${id})`;
}

/**
 * Reports that something has all its data and stays, and what failed afterwards.
 *
 * @param next what to do, a sentence
 */
export function tellUndone(
  log: Pick<HostLog, 'error'>,
  remaining: Remaining,
  undone: readonly string[],
  next: string,
): void {
  log.error(
    `${called(remaining)} has all its data and is kept, but this failed: ${undone.join('; ')}. ${next}`,
  );
}

/** The output that names what stays after a failure. */
export function remainingOutput(failed: boolean, all: readonly Remaining[]): { kept?: string } {
  return failed ? { kept: JSON.stringify(all) } : {};
}

/**
 * The summary of one thing that was restored, in Markdown.
 *
 * @param what "Volume"
 * @param cells what stands in its table, by the heads of the columns
 * @param failures what failed after it had all its data
 */
export function restoredSummary(
  what: string,
  name: string,
  cells: Readonly<Record<string, string>>,
  missing: readonly string[],
  failures: readonly string[],
): string {
  return [
    `### ${what} ${forMarkdown(name)} restored${failures.length > 0 ? ', but not everything about it' : ''}`,
    '',
    ...markdownRows(
      [cells],
      Object.keys(cells).map((head) => ({ name: head, value: (row) => row[head] })),
    ),
    ...missingList(missing),
    ...undoneList(failures),
  ].join('\n');
}

/** Lines of a summary in Markdown; none if nothing failed. */
export function undoneList(undone: readonly string[]): string[] {
  return undone.length === 0 ? [] : ['', 'Failed:', '', ...undone.map((what) => `- ${forMarkdown(what)}`)];
}

/** Lines of a summary in Markdown; none if nothing differs. */
export function missingList(missing: readonly string[]): string[] {
  return missing.length === 0
    ? []
    : ['', 'Differs from the original:', '', ...missing.map((what) => `- ${forMarkdown(what)}`)];
}
