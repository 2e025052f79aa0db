import { forLog, forMarkdown } from '../../text/escape.ts';
import { counted } from '../../text/words.ts';
import { printedReport, type Told } from '../report/show.ts';

/** What a run of a plan did. */
export interface Applied {
  readonly due: number;
  /** Undefined if nothing was due. */
  readonly saved:
    | {
        readonly failed: boolean;
        readonly outputs: { readonly manifest?: string; readonly failed?: string };
        readonly started: readonly unknown[];
        readonly saved: readonly unknown[];
        readonly underWay: readonly unknown[];
        readonly summary?: string;
      }
    | undefined;
  readonly pruned: readonly {
    readonly deleted: readonly unknown[];
    readonly failed: boolean;
    readonly summary: string;
  }[];
  /** Undefined if it failed, or this run makes none. */
  readonly report: { readonly told: Told; readonly failure: string; readonly summary: string } | undefined;
  readonly reports: boolean;
}

/** The verdict first, then what was saved and deleted, then the coverage. */
export function appliedTold(applied: Applied) {
  const { saved, pruned, report } = applied;
  const failure = failureOf(applied);
  const done = doneWords(applied);
  const manifest = saved?.outputs.manifest ?? '';
  return {
    failed: failure !== '',
    failure,
    printed: [
      ...(manifest === '' ? [] : [`manifest: ${forLog(manifest)}\n`]),
      `${done}\n`,
      ...(report === undefined ? [] : [printedReport(report.told)]),
      ...(failure === '' ? [] : [`failed: ${forLog(failure)}\n`]),
    ].join(''),
    summary: [
      `### ${failure === '' ? `✅ ${done}` : `❌ ${forMarkdown(failure)}`}`,
      ...(failure === '' ? [] : [done]),
      saved?.summary ?? '',
      ...pruned.map(({ summary }) => summary),
      report?.summary ?? '',
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
  };
}

function failureOf({ saved, pruned, report, reports }: Applied): string {
  return [
    saved?.failed === true ? 'some of what is due was not saved' : '',
    pruned.some(({ failed }) => failed) ? 'some of what no rule keeps was not deleted' : '',
    report?.failure ?? (reports ? 'what is covered now is unknown' : ''),
  ]
    .filter((reason) => reason !== '')
    .join('; ');
}

/** @param under how many of them are being backed up */
export function whyNothing(all: number, under: number): string {
  const recent = 'as recent as the plan wants';
  if (under === 0) return `${counted(all, 'resource is', 'resources are')} ${recent}`;
  if (under === all) return `${counted(all, 'resource is', 'resources are')} being backed up`;
  const being = `${under} of ${all} resources ${under === 1 ? 'is' : 'are'} being backed up`;
  return `${being}, the ${all - under === 1 ? 'other is' : 'others are'} ${recent}`;
}

/** "3 due, 1 not saved; 2 restore points deleted", "4 due, 2 started, 1 saved, 1 being backed up already". */
function doneWords({ due, saved, pruned }: Applied): string {
  const failures = (JSON.parse(saved?.outputs.failed ?? '[]') as unknown[]).length;
  const deleted = pruned.reduce((sum, each) => sum + each.deleted.length, 0);
  return [
    due === 0 ? 'Nothing was due' : `${due} due, ${dueWords(due, saved, failures)}`,
    ...(deleted === 0 ? [] : [`${counted(deleted, 'restore point')} deleted`]),
  ].join('; ');
}

function dueWords(due: number, done: Applied['saved'], failures: number): string {
  const [started, saved, underWay] = [done?.started, done?.saved, done?.underWay].map(
    (all) => all?.length ?? 0,
  ) as [number, number, number];
  if (started + underWay === 0) return failures === 0 ? 'all saved' : `${failures} not saved`;
  if (started === due && failures === 0) return 'all started';
  return [
    [started, 'started'],
    [saved, 'saved'],
    [underWay, 'being backed up already'],
    [failures, 'not saved'],
  ]
    .filter(([count]) => count !== 0)
    .map((words) => words.join(' '))
    .join(', ');
}
