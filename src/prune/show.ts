import { forMarkdown } from '../text/escape.ts';
import type { Json } from '../text/redact-json.ts';
import { type Column, formatRows, markdownRows } from '../text/rows.ts';
import { counted, toSecond } from '../text/words.ts';
import type { Verdict } from './decide.ts';
import type { PrunePlan } from './plan.ts';
import { keyOf } from './point.ts';

const COLUMNS: readonly Column<Verdict>[] = [
  { name: 'kind', value: ({ point }) => point.kind },
  { name: 'name', value: ({ point }) => point.name },
  { name: 'time', value: ({ point }) => toSecond(point.time) },
  { name: 'data', value: dataOf },
  { name: 'verdict', value: toldOf },
];

/** "keep: daily 3 of 14". */
function toldOf({ keep, reasons }: Verdict): string {
  return `${keep ? 'keep' : 'delete'}: ${reasons.join('; ')}`;
}

function dataOf({ point: { data } }: Verdict): string {
  return data === undefined ? '' : keyOf(data);
}

/** The verdicts as a table, with the digest for `expect`. */
export function planTable(plan: PrunePlan, sentence = sentenceOf(plan)): string {
  const table = plan.verdicts.length === 0 ? '' : formatRows(plan.verdicts, COLUMNS, 'table');
  const manifests = plan.manifests.map((reference) => `${toldManifest(reference)}\n`).join('');
  return `${table}${manifests}${sentence}\ndigest: ${plan.digest}\n`;
}

/** "delete manifest release:…: all that it lists is gone". */
export function toldManifest(reference: string): string {
  return `delete manifest ${reference}: all that it lists is gone`;
}

export function sentenceOf({ verdicts, going }: PrunePlan): string {
  const kept = verdicts.length - going.length;
  return `${counted(kept, 'restore point')} kept, ${going.length} to be deleted`;
}

/** Sums up a plan that was carried out. */
export function doneOf({ verdicts, going }: PrunePlan, left: number): string {
  const gone = `${counted(going.length, 'restore point')} deleted`;
  const still = left === 0 ? '' : `, but ${counted(left, 'still exists', 'still exist')}`;
  return `${gone}${still}, ${verdicts.length - going.length} kept`;
}

/** "delete volume "db" of 2026-…: no rule keeps it", for the log. */
export function lineOf(verdict: Verdict): string {
  const { point } = verdict;
  const data = dataOf(verdict);
  return `delete ${point.kind} ${JSON.stringify(point.name)} of ${toSecond(point.time)}${data === '' ? '' : ` (${data})`}: ${verdict.reasons.join('; ')}`;
}

export function pointsJson({ verdicts }: PrunePlan): Json {
  return verdicts.map((verdict) => ({
    point: verdict.point.id,
    kind: verdict.point.kind,
    id: verdict.point.resource,
    name: verdict.point.name,
    time: toSecond(verdict.point.time),
    keep: verdict.keep,
    reasons: [...verdict.reasons],
    data: dataOf(verdict),
    manifests: [...verdict.point.manifests],
  }));
}

/** The plan for programs. */
export function planJson(plan: PrunePlan): { readonly [key: string]: Json } {
  return { digest: plan.digest, points: pointsJson(plan), manifests: [...plan.manifests] };
}

export function titleOf(plan: PrunePlan): string {
  return `What would be deleted: ${sentenceOf(plan)}`;
}

const MOST_ROWS = 1000;

export function planSummary(title: string, plan: PrunePlan): string {
  const rows = [...plan.going, ...plan.verdicts.filter(({ keep }) => keep)].slice(0, MOST_ROWS);
  const cut = cutWords(plan.going.length, plan.verdicts.length);
  return [
    `### ${title}`,
    '',
    `Digest: ${plan.digest}`,
    '',
    ...markdownRows(rows, COLUMNS),
    ...(plan.manifests.length > 0 ? [''] : []),
    ...plan.manifests.map((reference) => `- ${forMarkdown(toldManifest(reference))}`),
    ...(cut === '' ? [] : ['', cut]),
  ].join('\n');
}

/** Says what a shortened table leaves out; the rows to delete come first. */
function cutWords(going: number, all: number): string {
  const go = Math.max(0, going - MOST_ROWS);
  const stay = all - Math.max(going, MOST_ROWS);
  const parts = [
    ...(go > 0 ? [`${go} more with the verdict delete`] : []),
    ...(stay > 0 ? [`${stay} more with the verdict keep`] : []),
  ];
  return parts.length === 0 ? '' : `and ${parts.join(', ')}`;
}
