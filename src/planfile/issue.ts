import { createHash } from 'node:crypto';
import { forMarkdown } from '../text/escape.ts';
import { markdownRows, type PageColumn } from '../text/rows.ts';
import { toMinute } from '../text/words.ts';
import { type Coverage, isRed } from './coverage.ts';
import type { FailOn } from './plan-file.ts';

/** The text of the repository's one issue about a red report. */
export interface IssueText {
  readonly title: string;
  readonly body: string;
  /** The digest of the facts: while it stays the same, nobody is notified. */
  readonly digest: string;
}

export interface Red {
  readonly coverage: readonly Coverage[];
  readonly failOn: readonly FailOn[];
  /** "2 failing, 1 stale". */
  readonly failure: string;
  /** Project and region, {@link marked}. */
  readonly where: string;
  readonly project: string;
  /** The plan file. */
  readonly plan: string;
  /** The URL of the run. */
  readonly page: string;
  /** Milliseconds. */
  readonly now: number;
  /** Whether the repository is public: then the issue has numbers and no names. */
  readonly isPublic: boolean;
}

/** GitHub takes at most 65,536 characters of a body and 256 of a title. */
const LONGEST_TABLE = 50_000;
const LONGEST = 200;

/** An issue is ours only if its body starts with this: in a quote, something comes before it. */
export function markerOf(where: string): string {
  return `<!-- openstack-backup report ${where} `;
}

export function digestIn(body: string): string | undefined {
  return /^<!-- openstack-backup report \S+ ([0-9a-f]+) -->/.exec(body)?.[1];
}

export function issueText(red: Red): IssueText {
  const rows = red.coverage.filter((one) => isRed(one, red.failOn));
  // Leave out error messages: the cloud puts a new request id into each.
  const facts = red.isPublic
    ? red.failure
    : rows.map(({ kind, id, entry, status, newest, key }) => [kind, id, entry, status, newest, key]);
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
  const where = red.isPublic ? '' : ` in project ${red.project}`;
  return {
    title: cut(`Backups: ${red.failure}${where}`),
    body: [
      `${markerOf(red.where)}${digest} -->`,
      `**${forMarkdown(red.failure)}**${red.isPublic ? '' : ` in project ${code(red.project)}`}, as of ${toMinute(red.now)}.`,
      '',
      ...(red.isPublic ? [PUBLIC] : tableOf(rows, red)),
      '',
      `The report is in the summary of [this run](${red.page}), and what a resource needs is in the plan, ${code(red.plan)}.`,
      ...advice(rows),
      '',
      'openstack-backup maintains this issue: it is updated when the report changes, and closed when nothing in it is red.',
      '',
    ].join('\n'),
    digest,
  };
}

const PUBLIC = 'This repository is public, so the issue names nothing.';

function tableOf(rows: readonly Coverage[], red: Red): string[] {
  const [head = '', rule = '', ...lines] = markdownRows(rows, columnsOf(red));
  let length = 0;
  const fits = lines.findIndex((line) => {
    length += line.length;
    return length > LONGEST_TABLE;
  });
  const shown = fits < 0 ? lines : lines.slice(0, fits);
  const more = lines.length - shown.length;
  return [head, rule, ...shown, ...(more === 0 ? [] : ['', `… and ${more} more.`])];
}

function columnsOf(red: Red): readonly PageColumn<Coverage>[] {
  return [
    { name: 'what', markdown: ({ kind, name, id }) => `${kind} ${code(name || id)}` },
    { name: 'status', value: ({ status }) => status },
    {
      name: 'newest good restore point',
      markdown: ({ newest }) => (newest === undefined ? 'none' : toMinute(Date.parse(newest))),
    },
    { name: 'why', markdown: (row) => whyOf(row, red) },
  ];
}

function whyOf({ status, error, key }: Coverage, { failOn }: Red): string {
  return [
    ...(error === undefined ? [] : [code(error)]),
    ...(status === 'uncovered' ? ['no entry of the plan matches it'] : []),
    ...(key === 'unsaved' && failOn.includes('unsaved-key') ? ['its key was not saved'] : []),
  ].join('; ');
}

const ADVICE = {
  failing: 'failing: the last attempt to save it failed. Fix what the error says; the next run tries again.',
  uncovered: 'uncovered: let an entry of `back-up` match it, or name it under `exclude` with the reason.',
  stale: 'stale: it was not saved in time. Check that the schedule still runs, and what its last run says.',
} as const;

function advice(rows: readonly Coverage[]): string[] {
  const lines = Object.entries(ADVICE).filter(([status]) => rows.some((row) => row.status === status));
  return lines.length === 0 ? [] : ['', ...lines.map(([, line]) => `- ${line}`)];
}

/** As code, an @name notifies nobody and a #1 links nowhere. */
function code(text: string): string {
  return `<code>${forMarkdown(cut(text))}</code>`;
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()}…` : text;
}

/** An issue of ours that exists. */
export interface KnownIssue {
  readonly number: number;
  readonly body: string;
}

export type IssueStep =
  | { readonly do: 'open'; readonly text: IssueText }
  | { readonly do: 'update' | 'reopen'; readonly number: number; readonly text: IssueText }
  | { readonly do: 'close'; readonly number: number; readonly because: 'completed' | 'not_planned' };

/**
 * Decides what to do about the one issue. If two runs at once opened several, the first stays.
 *
 * @param red undefined if the report is green
 * @param open our open issues, oldest first
 * @param closed our recently closed issues, newest first
 */
export function issueSteps(
  red: IssueText | undefined,
  open: readonly KnownIssue[],
  closed: readonly KnownIssue[],
): IssueStep[] {
  if (red === undefined) return open.map(({ number }) => ({ do: 'close', number, because: 'completed' }));
  const [first, ...others] = open;
  const again = closed[0];
  if (first === undefined)
    return again === undefined
      ? [{ do: 'open', text: red }]
      : [{ do: 'reopen', number: again.number, text: red }];
  return [
    ...(digestIn(first.body) === red.digest
      ? []
      : [{ do: 'update', number: first.number, text: red } as const]),
    ...others.map(({ number }) => ({ do: 'close', number, because: 'not_planned' }) as const),
  ];
}
