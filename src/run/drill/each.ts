import type { Entry } from '../../catalog/entries.ts';
import { pick } from '../../catalog/pick.ts';
import { InputError, messageOf, PlainError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { type Column, formatRows, markdownRows } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';
import type { Context } from '../context.ts';
import { drillPoint } from '../drill.ts';
import { readCatalog } from '../reading/catalog.ts';
import { wantedOf } from '../reading/wanted.ts';
import { refuseHold } from './hold.ts';

/** Drills one restore point, or one of each resource. */
export async function drillPoints(context: Context, given: DrillInputs) {
  refuseHold(context, given);
  return given.each ? drillEach(context, given) : drillPoint(context, given);
}

type Resource = Pick<Entry, 'kind' | 'id' | 'name'>;

/** How the drill of a resource ended. */
interface Drill extends Resource {
  readonly point: string;
  readonly result: string;
  readonly reached: string;
  readonly why?: string;
  readonly seconds: Readonly<Record<string, number>>;
  readonly seed: string;
}

interface Left extends Resource {
  readonly why: string;
}

/**
 * Drills a restore point of each resource, one after the other: who waits longest first, so that a run that is stopped goes on
 * with the others the next time. What cannot be drilled is told and left out.
 *
 * @throws InputError if nothing can be drilled
 */
async function drillEach(context: Context, given: DrillInputs) {
  const { host, dryRun } = context;
  if (given.plan !== undefined)
    throw new InputError(
      '`each` and `plan` contradict each other',
      'A plan says when one drill is due: leave one out.',
    );
  const { entries } = await readCatalog(context, given);
  const resources = longestFirst(pick(entries, wantedOf(given, host.clock.now())));
  const [drills, left, plans]: [Drill[], Left[], Json[]] = [[], [], []];
  let last: PlainError | undefined;
  let failure = '';
  for (const { kind, id, name } of resources) {
    const one = { ...given, volume: [], server: [], image: [], secret: [], [kind]: [id] };
    try {
      const outcome = await drillPoint(context, one);
      if ('plan' in outcome) plans.push(outcome.plan);
      else drills.push(drillIn({ kind, id, name }, outcome.outputs));
      if (outcome.failed && 'failure' in outcome) failure = outcome.failure ?? '';
    } catch (error) {
      if (host.signal.aborted || !(error instanceof PlainError)) throw error;
      last = error;
      // That of wrong input is only what cannot be drilled so: anything else somebody must know of.
      if (error.exitCode === 1) failure = 'not every resource could be drilled';
      left.push({ kind, id, name, why: messageOf(error) });
    }
  }
  if (drills.length + plans.length === 0)
    throw last ?? new InputError('no manifest lists such a restore point', 'See `openstack-backup list`.');
  // If nothing could be drilled, the error says so.
  for (const { kind, id, name, why } of left)
    host.log.warn(`${kind} ${quoted(name)} (${id}) was not drilled: ${why}`);
  if (dryRun) return { outputs: {}, failed: false, plan: { drills: plans } };
  return told(drills, left, failure);
}

/** Each once. */
function longestFirst(entries: readonly Entry[]): Resource[] {
  const groups = [...Map.groupBy(entries, ({ kind, id }) => `${kind} ${id}`).values()];
  const lastOf = (points: readonly Entry[]) =>
    points
      .map(({ drilled }) => drilled?.time ?? '')
      .sort()
      .at(-1) ?? '';
  const sorted = groups.toSorted((a, b) => (lastOf(a) < lastOf(b) ? -1 : Number(lastOf(a) > lastOf(b))));
  return sorted.flatMap(([first]) => first ?? []);
}

function drillIn(resource: Resource, outputs: Readonly<Record<string, string | undefined>>): Drill {
  const { point = '', result = '', reached = '', why, seconds = '{}', seed = '' } = outputs;
  return {
    ...resource,
    point,
    result,
    reached,
    ...(why !== undefined && { why }),
    seconds: JSON.parse(seconds) as Drill['seconds'],
    seed,
  };
}

const COLUMNS: readonly Column<Drill>[] = [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'name', value: ({ name, id }) => name || id },
  { name: 'result', value: ({ result }) => result },
  { name: 'reached', value: ({ reached }) => reached },
  {
    name: 'restored',
    value: ({ seconds: { restored } }) => (restored === undefined ? '' : `${restored.toFixed(1)} s`),
  },
  { name: 'why', value: ({ why }) => why },
];

function told(drills: readonly Drill[], left: readonly Left[], failure: string) {
  const failed = drills.filter(({ result }) => result === 'failed').length;
  const passed = drills.filter(({ result }) => result === 'passed').length;
  const isProved = passed === drills.length;
  const head = `${counted(drills.length, 'resource')} drilled, ${failed} failed, ${left.length} left out`;
  return {
    outputs: {
      passed: String(isProved),
      result: failed > 0 ? 'failed' : isProved ? 'passed' : 'no output',
      drills: JSON.stringify(drills),
      left: JSON.stringify(left),
    },
    failed: failure !== '',
    failure: failed === 0 ? failure : `${failed} of ${counted(drills.length, 'restore point')} not proved`,
    printed: `${head}\n${formatRows(drills, COLUMNS, 'table')}`,
    summary: [`### ${head}`, '', ...markdownRows(drills, COLUMNS)].join('\n'),
  };
}
