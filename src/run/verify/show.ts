import { bytes } from '../../text/bytes.ts';
import { forMarkdown, quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { type Column, formatRows, markdownRows } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';
import type { Work } from '../../verify/read.ts';
import { type Sample, sampleWords } from '../../verify/sample.ts';
import type { Verdict } from '../../verify/verdict.ts';

const COLUMNS: readonly Column<Verdict>[] = [
  {
    name: 'time',
    value: ({ subject: { entry } }) => entry.time,
    shown: ({ subject: { entry } }) => entry.time.replace(/\.\d+/, ''),
  },
  { name: 'kind', value: ({ subject: { entry } }) => entry.kind },
  { name: 'name', value: ({ subject: { entry } }) => entry.name },
  { name: 'level', value: levelWords },
  { name: 'what was seen', value: seenWords },
];

function levelWords({ level, sampled }: Verdict): string {
  return `${level ?? 'none'}${sampled === undefined ? '' : `, ${sampled} %`}`;
}

function seenWords({ fault, unsure, notes, level, sampled }: Verdict): string {
  if (fault !== undefined) return `damaged: ${fault}`;
  if (unsure !== undefined) return `not verified: ${unsure}`;
  if (notes.length > 0 || level === null) return notes.join('; ');
  return sampled === undefined ? MEANS[level] : 'the stored bytes that were read are unchanged';
}

/** What a level says of a point of which nothing else was noted. */
const MEANS: Record<NonNullable<Verdict['level']>, string> = {
  L0: 'the manifest is unaltered, and all that it needs is there',
  L1a: 'the stored bytes are unchanged',
  L1b: 'it opens, and is what was saved',
  L2: 'it opens, and is what was saved',
};

/** "volume "db" (5f2c…), restore point 91e8… of 2026-…". */
export function pointWords({ subject: { entry } }: Verdict): string {
  return `${entry.kind} ${quoted(entry.name)} (${entry.id}), restore point ${entry.point} of ${entry.time.replace(/\.\d+/, '')}`;
}

/** How much was read, and what a sample proves. */
export function workWords(
  { level, parts, all, drawn, bytes: count }: Work,
  sample: Sample | undefined,
): string[] {
  if (level === 'L0') return ['no data was read'];
  const what = level === 'L1a' ? 'stored objects' : 'restore points';
  return [
    `${counted(parts.length, 'payload')}, ${bytes(count)}`,
    ...(sample === undefined || drawn === all ? [] : [sampleWords(what, all, drawn, sample)]),
  ];
}

export function verdictTable(verdicts: readonly Verdict[], lines: readonly string[]): string {
  return `${formatRows(verdicts, COLUMNS, 'table')}${lines.map((line) => `${line}\n`).join('')}`;
}

const MOST_ROWS = 1000;

/** Those that need somebody first. */
export function verdictSummary(
  title: string,
  verdicts: readonly Verdict[],
  lines: readonly string[],
): string {
  const rank = ({ fault, unsure }: Verdict) => (fault === undefined ? (unsure === undefined ? 2 : 1) : 0);
  const rows = verdicts.toSorted((a, b) => rank(a) - rank(b));
  return [
    `### ${forMarkdown(title)}`,
    '',
    ...markdownRows(rows.slice(0, MOST_ROWS), COLUMNS),
    ...(rows.length > MOST_ROWS ? ['', `and ${rows.length - MOST_ROWS} more`] : []),
    '',
    ...lines.map((line) => `- ${forMarkdown(line)}`),
  ].join('\n');
}

export function verdictsJson(verdicts: readonly Verdict[]): Json {
  return verdicts.map((verdict) => {
    const { subject, level, sampled, fault, unsure, notes } = verdict;
    const { point, kind, id, name, time } = subject.entry;
    return {
      point,
      kind,
      id,
      name,
      time,
      level,
      ...(sampled !== undefined && { sampled }),
      ...(fault !== undefined && { fault }),
      ...(unsure !== undefined && { unsure }),
      seen: [...notes],
    };
  });
}
