import { withHint } from '../errors.ts';
import { quotaSentence } from '../plan/quota.ts';
import type { Assignment } from '../planfile/assign.ts';
import { ageOf, type Duty } from '../planfile/due.ts';
import { shardsOf } from '../planfile/shards.ts';
import { exclusionWords } from '../planfile/words.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import type { Json } from '../text/redact-json.ts';
import { type Column, formatRows, markdownRows } from '../text/rows.ts';
import type { Context } from './context.ts';
import { type DuePlan, planDue } from './plan-due.ts';
import { lookAtPlan, type PlanLook, type PlanLookGiven } from './plan-look.ts';
import { type PruneGiven, plannedPruning } from './plan-prune.ts';
import { lacksQuota } from './tight.ts';

/** One resource, and what one entry asks of it; a line of the table. */
interface Row {
  readonly kind: string;
  readonly name: string;
  readonly id: string;
  /** Empty where none takes it. */
  readonly entry: string;
  readonly state: 'due' | 'not due' | 'refused' | 'excluded' | 'not in the plan';
  /** When its newest good point was taken. ISO 8601. */
  readonly newest: string | undefined;
  readonly way: string;
  readonly why: string;
}

const columns = (now: number): readonly Column<Row>[] => [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'name', value: ({ name, id }) => name || id },
  { name: 'entry', value: ({ entry }) => entry },
  { name: 'state', value: ({ state }) => state },
  { name: 'newest', value: ({ newest }) => (newest === undefined ? '' : ageOf(Date.parse(newest), now)) },
  { name: 'way', value: ({ way }) => way },
  { name: 'why', value: ({ why }) => why },
];

/** Shows what is due now, which way and why. Changes nothing. */
export async function showPlan(
  context: Context,
  given: PlanLookGiven & Omit<PruneGiven, 'prune'> & { readonly matrix: number },
) {
  const look = await lookAtPlan(context, given);
  // Manifests were checked when they were read, and nothing is recorded here that would be signed.
  const unsigned = look.manifests === undefined ? given['verify-key'] : undefined;
  const shown = await showLook(context, look, {
    ...given,
    'verify-key': unsigned,
    prune: given.matrix === 0,
  });
  if (given.matrix === 0) return shown;
  const matrix = JSON.stringify({ include: shardsOf(look.duties, given.matrix) });
  // What cannot be saved fails in the job that tries it, and keeps no other from starting.
  return { ...shown, outputs: { ...shown.outputs, matrix }, failed: false };
}

/** The same, where somebody has looked already. */
export async function showLook(context: Context, look: PlanLook, given: PruneGiven) {
  const { host } = context;
  for (const doubt of look.doubts) host.log.warn(doubt);
  const pruning = await plannedPruning(context, look, given);
  let planned = await planDue(context, look);
  // Then it is deleted first.
  if (pruning !== undefined && lacksQuota(planned)) planned = await planDue(context, look, pruning.freed);
  const found = {
    duties: Map.groupBy(look.duties, ({ resource }) => resource),
    items: new Map(planned.items.map((one) => [nameOf(one), one])),
    refused: new Map(planned.refused.map((one) => [nameOf(one), one])),
  };
  const rows = look.assignments.flatMap((one) => rowsOf(one, found));
  for (const { subject, error } of planned.refused)
    host.log.warn(`${subject.kind} ${quoted(subject.name)} (${subject.id}): ${withHint(error)}`);
  const before = planned.before.map(({ told }) => told).join(', ');
  const sentence =
    before === '' ? 'no quota is used' : `quota now: ${before}; ${quotaSentence(planned.after)}`;
  const due = rows.filter(({ state }) => state === 'due' || state === 'refused').length;
  const head = `${due} of ${rows.length} due in project ${look.session.scope.project.name} (${look.plan.project})`;
  const quota = {
    before: planned.before.map(({ told }) => told),
    after: planned.after.map(({ told }) => told),
  };
  return {
    outputs: {
      resources: JSON.stringify(rows),
      quota: JSON.stringify(quota),
      doubts: JSON.stringify(look.doubts),
      ...(pruning === undefined ? {} : { prune: JSON.stringify(pruning.plan) }),
    },
    plan: {
      resources: rows.map(rowJson),
      quota,
      doubts: look.doubts,
      ...(pruning === undefined ? {} : { prune: pruning.plan }),
    },
    failed: planned.refused.length > 0,
    failure: `${planned.refused.length} of what is due cannot be saved`,
    printed: `${head}\n${formatRows(rows, columns(look.now), 'table')}${sentence}\n${pruning?.printed ?? ''}`,
    summary: [summaryOf(head, rows, columns(look.now), sentence), pruning?.summary ?? '']
      .filter((part) => part !== '')
      .join('\n\n'),
  };
}

function rowJson({ newest, ...row }: Row): Json {
  return { ...row, newest: newest ?? null };
}

/** By what a row looks them up. */
interface Found {
  readonly duties: ReadonlyMap<Duty['resource'], readonly Duty[]>;
  readonly items: ReadonlyMap<string, DuePlan['items'][number]>;
  readonly refused: ReadonlyMap<string, DuePlan['refused'][number]>;
}

function nameOf({ entry, subject }: Pick<DuePlan['items'][number], 'entry' | 'subject'>): string {
  return `${subject.kind} ${subject.id} ${entry}`;
}

function rowsOf({ resource, entries, exclusion }: Assignment, found: Found): Row[] {
  const { kind, name, id } = resource;
  const bare = { kind, name, id, entry: '', newest: undefined, way: '' };
  if (exclusion !== undefined) return [{ ...bare, state: 'excluded', why: exclusionWords(exclusion) }];
  if (entries.length === 0) return [{ ...bare, state: 'not in the plan', why: 'no entry matches it' }];
  return (found.duties.get(resource) ?? []).map((duty) => rowOf(duty, bare, found));
}

function rowOf(
  { resource, entry, newest, due, reason, within }: Duty,
  bare: Omit<Row, 'state' | 'why'>,
  { items, refused }: Found,
): Row {
  const own = {
    ...bare,
    entry: entry.name,
    newest: newest === undefined ? undefined : new Date(newest).toISOString(),
  };
  if (within !== undefined)
    return { ...own, state: 'due', way: `with server ${within.name || within.id}`, why: reason };
  if (!due) return { ...own, state: 'not due', why: reason };
  const name = nameOf({ entry: entry.name, subject: resource });
  const item = items.get(name);
  if (item !== undefined) {
    const { way, why } = wayOf(item.planned);
    return { ...own, state: 'due', way, why: [reason, ...(why === '' ? [] : [why])].join('; ') };
  }
  const error = refused.get(name)?.error;
  return { ...own, state: 'refused', why: error?.message ?? 'it no longer exists' };
}

/** As the plan of a dry run says it. */
function wayOf(planned: Json): { readonly way: string; readonly why: string } {
  const facts = planned as Readonly<Record<string, Json>>;
  switch (facts['kind']) {
    case 'volume':
      return { way: String(facts['mode'] ?? facts['method']), why: String(facts['reason']) };
    case 'server': {
      const disks = (facts['volumes'] ?? []) as readonly Json[];
      const ways = disks.map((disk) => wayOf(disk).way);
      return { way: [...(facts['rootDisk'] === 'image' ? ['root image'] : []), ...ways].join(', '), why: '' };
    }
    case 'image':
      return { way: 'download', why: '' };
    default:
      return { way: 'sealed', why: '' };
  }
}

function summaryOf(
  head: string,
  rows: readonly Row[],
  all: readonly Column<Row>[],
  sentence: string,
): string {
  return [`### ${forMarkdown(head)}`, '', ...markdownRows(rows, all), '', forMarkdown(sentence)].join('\n');
}
