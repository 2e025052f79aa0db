import { withHint } from '../errors.ts';
import { quotaSentence } from '../plan/quota.ts';
import type { Assignment } from '../planfile/assign.ts';
import { dutiesByDisk } from '../planfile/coverage.ts';
import { ageOf, type Duty } from '../planfile/due.ts';
import { shardsOf } from '../planfile/shards.ts';
import { exclusionWords } from '../planfile/words.ts';
import type { PrunePlan } from '../prune/plan.ts';
import { planJson, planSummary, planTable, titleOf } from '../prune/show.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import type { Json } from '../text/redact-json.ts';
import { type Column, formatRows, markdownRows } from '../text/rows.ts';
import type { Context } from './context.ts';
import { type DuePlan, planDue } from './plan/due.ts';
import { lookAtPlan, type PlanLook, type PlanLookGiven } from './plan/look.ts';
import { freedBy, type PruneGiven, plannedPruning } from './plan/prune.ts';
import { lacksQuota } from './plan/tight.ts';

/** A line of the table: one resource, and what one entry wants for it. */
interface Row {
  readonly kind: string;
  readonly name: string;
  readonly id: string;
  /** Empty if no entry selects the resource. */
  readonly entry: string;
  readonly state: 'due' | 'not due' | 'under way' | 'refused' | 'excluded' | 'not in the plan';
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

/** Shows what is due now, by which method and why. Changes nothing. */
export async function showPlan(
  context: Context,
  given: PlanLookGiven & Omit<PruneGiven, 'prune'> & { readonly matrix: number },
) {
  const look = await lookAtPlan(context, given);
  // Manifests were verified when they were read, and this command signs nothing.
  const unsigned = look.manifests === undefined ? given['verify-key'] : undefined;
  const shown = await lookFor(context, look, {
    ...given,
    'verify-key': unsigned,
    prune: given.matrix === 0,
  });
  if (given.matrix === 0) return told(shown);
  const matrix = JSON.stringify({ include: shardsOf(look.duties, given.matrix) });
  // What cannot be saved must fail in its own job, and must not keep the other jobs of the matrix from starting.
  return told({ ...shown, refused: 0 }, { ...outputsOf(shown), matrix });
}

/** Shows a plan that was already looked at, without outputs. */
export async function showLook(context: Context, look: PlanLook, given: PruneGiven) {
  return told(await lookFor(context, look, given), {});
}

/** What is shown of a plan. A plain record. */
interface Shown {
  readonly rows: readonly Row[];
  /** The cloud's time, milliseconds. */
  readonly now: number;
  readonly head: string;
  readonly quota: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** The quota, in a sentence. */
  readonly sentence: string;
  readonly doubts: readonly string[];
  /** How many of what is due cannot be saved. */
  readonly refused: number;
  readonly pruning: PrunePlan | undefined;
}

async function lookFor(context: Context, look: PlanLook, given: PruneGiven): Promise<Shown> {
  const { host } = context;
  for (const doubt of look.doubts) host.log.warn(doubt);
  const pruning = await plannedPruning(context, look, given);
  let planned = await planDue(context, look);
  // A run would then prune before it saves.
  if (pruning !== undefined && lacksQuota(planned))
    planned = await planDue(context, look, freedBy(pruning, look));
  const found = {
    duties: Map.groupBy(look.duties, ({ resource }) => resource),
    servers: dutiesByDisk(look.duties),
    items: new Map(planned.items.map((one) => [nameOf(one), one])),
    refused: new Map(planned.refused.map((one) => [nameOf(one), one])),
  };
  const rows = look.assignments.flatMap((one) => rowsOf(one, found));
  for (const { subject, error } of planned.refused)
    host.log.warn(`${subject.kind} ${quoted(subject.name)} (${subject.id}): ${withHint(error)}`);
  const before = planned.before.map(({ told }) => told);
  const due = rows.filter(({ state }) => state === 'due' || state === 'refused').length;
  return {
    rows,
    now: look.now,
    head: `${due} of ${rows.length} due in project ${look.session.scope.project.name} (${look.plan.project})`,
    quota: { before, after: planned.after.map(({ told }) => told) },
    sentence:
      before.length === 0
        ? 'no quota is used'
        : `quota now: ${before.join(', ')}; ${quotaSentence(planned.after)}`,
    doubts: look.doubts,
    refused: planned.refused.length,
    pruning,
  };
}

/**
 * Makes each form only when it is read: with many resources and points, each takes megabytes.
 *
 * @param outputs replace those made from what is shown
 */
function told(shown: Shown, outputs?: Readonly<Record<string, string>>) {
  const { rows, now, head, quota, sentence, doubts, refused, pruning } = shown;
  return {
    failed: refused > 0,
    failure: `${refused} of what is due cannot be saved`,
    get outputs(): Readonly<Record<string, string>> {
      return outputs ?? outputsOf(shown);
    },
    get plan(): Json {
      const prune = pruning === undefined ? {} : { prune: planJson(pruning) };
      return { resources: rows.map(rowJson), quota, doubts, ...prune };
    },
    get printed(): string {
      return `${head}\n${formatRows(rows, columns(now), 'table')}${sentence}\n${pruning === undefined ? '' : planTable(pruning)}`;
    },
    get summary(): string {
      return [
        summaryOf(head, rows, columns(now), sentence),
        ...(pruning === undefined ? [] : [planSummary(titleOf(pruning), pruning)]),
      ].join('\n\n');
    },
  };
}

function outputsOf({ rows, quota, doubts, pruning }: Shown): Readonly<Record<string, string>> {
  return {
    resources: JSON.stringify(rows),
    quota: JSON.stringify(quota),
    doubts: JSON.stringify(doubts),
    ...(pruning === undefined ? {} : { prune: JSON.stringify(planJson(pruning)) }),
  };
}

function rowJson({ newest, ...row }: Row): Json {
  return { ...row, newest: newest ?? null };
}

/** Lookups for the rows. */
interface Found {
  readonly duties: ReadonlyMap<Duty['resource'], readonly Duty[]>;
  /** The duties of servers, by the id of each of their volumes. */
  readonly servers: ReadonlyMap<string, readonly Duty[]>;
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
  const servers = entries.length === 0 && kind === 'volume' ? (found.servers.get(id) ?? []) : [];
  // No entry takes the volume itself, but a server is saved with its disks.
  if (servers.length > 0)
    return servers.map((duty) => {
      const row = rowOf({ ...duty, within: duty.resource }, bare, found);
      return duty.due ? row : { ...row, state: 'not due' as const };
    });
  if (entries.length === 0) return [{ ...bare, state: 'not in the plan', why: 'no entry matches it' }];
  return (found.duties.get(resource) ?? []).map((duty) => rowOf(duty, bare, found));
}

function rowOf(
  { resource, entry, newest, due, reason, within, underWay }: Duty,
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
  if (underWay !== undefined) return { ...own, state: 'under way', why: reason };
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

/** Taken from the plan of a dry run. */
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
