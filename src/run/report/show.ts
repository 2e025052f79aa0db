import { type Coverage, reasonOf } from '../../planfile/coverage.ts';
import type { QuotaLeft } from '../../planfile/nights.ts';
import type { Issue } from '../../ports/github.ts';
import { forLog, forMarkdown, quoted } from '../../text/escape.ts';
import { type Column, formatRows, markdownRows } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';

/** A report for people. */
export interface Told {
  /** "1 stale, 4 covered in project demo (5bde…)". */
  readonly head: string;
  /** The worst first. */
  readonly coverage: readonly Coverage[];
  readonly quota: readonly QuotaLeft[];
  /** Why the report fails; empty if it does not. */
  readonly failure: string;
  readonly issue: Issue | undefined;
  /** Disks that may have been encrypted or wiped, in sentences. */
  readonly alarms: readonly string[];
}

/** The age of the newest point is in `why`. */
const COLUMNS: readonly Column<Coverage>[] = [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'name', value: ({ name, id }) => name || id },
  { name: 'entry', value: ({ entry }) => entry },
  { name: 'status', value: ({ status }) => status },
  { name: 'key', value: ({ key }) => key },
  { name: 'chain', value: ({ chain }) => chain },
  { name: 'verified', value: ({ verified }) => verified },
  { name: 'proved', value: ({ proved }) => proved },
  { name: 'restore takes', value: ({ restore }) => restore },
  { name: 'why', value: reasonOf },
];

/** Green must not pass for proof. */
const UNPROVED =
  'no restore is on record: that these points can be restored is proved only by restoring one, from time to time';

/** With more resources, a page folds those that are well. */
const MOST_UNFOLDED = 10;

/** For a terminal. Errors are long, so they follow the table. */
export function printedReport({ head, coverage, quota, alarms }: Told): string {
  const errors = coverage.flatMap(({ kind, name, id, error }) =>
    error === undefined ? [] : [`${kind} ${quoted(name || id)}: ${forLog(error)}\n`],
  );
  const below = coverage.map((one) => ({ ...one, error: one.error && 'see below' }));
  const table = coverage.length === 0 ? '' : formatRows(below, filled(below), 'table');
  const lines = [...alarms, ...quota.map(quotaWords), ...unproved(coverage)].map((line) => `${line}\n`);
  return [`${head}\n`, table, ...errors, ...lines].join('');
}

/** For the page of a run: problems first, the rest folded if it is long. */
export function reportSummary({ head, coverage, quota, failure, issue, alarms }: Told): string {
  const isWell = ({ status }: Coverage) => status === 'covered' || status === 'excluded';
  const well = coverage.filter(isWell);
  const folds = well.length > MOST_UNFOLDED;
  return [
    `### ${failure === '' ? '✅' : '❌'} ${forMarkdown(head)}`,
    ...(failure === '' ? [] : [`Fails because of: **${forMarkdown(failure)}**.`]),
    ...alarms.map((alarm) => `> [!WARNING]\n> ${forMarkdown(alarm)}`),
    tableOf(folds ? coverage.filter((one) => !isWell(one)) : coverage),
    [
      ...[...quota.map(quotaWords), ...unproved(coverage)].map((line) => `- ${forMarkdown(line)}`),
      ...(issue === undefined ? [] : [`- Issue [#${issue.number}](${issue.url})`]),
    ].join('\n'),
    ...(folds
      ? [`<details><summary>${well.length} covered or excluded</summary>`, tableOf(well), '</details>']
      : []),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function tableOf(coverage: readonly Coverage[]): string {
  if (coverage.length === 0) return '';
  return markdownRows(coverage, filled(coverage)).join('\n');
}

/** Drops empty columns. */
function filled(coverage: readonly Coverage[]): readonly Column<Coverage>[] {
  return COLUMNS.filter(({ value }) => coverage.some((one) => (value(one) ?? '') !== ''));
}

function unproved(coverage: readonly Coverage[]): string[] {
  const isOnRecord = coverage.some(({ proved }) => proved !== undefined);
  return !isOnRecord && coverage.some(({ status }) => status === 'covered') ? [UNPROVED] : [];
}

/** "9 of 10 backups used, 3 a night: enough for 0 nights if nothing is deleted". */
function quotaWords({ quota, used, max, perNight, nights }: QuotaLeft): string {
  const what = quota === 'backups' ? 'backups' : 'GB of backups';
  const use = `${used} of ${max < 0 ? 'unlimited' : max} ${what} used, ${perNight} a night`;
  return nights === undefined ? use : `${use}: enough for ${counted(nights, 'night')} if nothing is deleted`;
}
