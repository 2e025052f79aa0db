import { cloudOf } from '../catalog/cloud-of.ts';
import { doubtsOf } from '../catalog/doubts.ts';
import { allManifests, type Found, type Manifests, named } from '../catalog/everything.ts';
import { damagedObjects, verifiedIn } from '../catalog/verified.ts';
import type { Shelf } from '../catalog/whole.ts';
import { timestamp } from '../clock.ts';
import { InputError, UnsignedError } from '../errors.ts';
import { keepInputs, type PruneInputs, pruneInputs } from '../inputs/prune.ts';
import { parseInputs } from '../inputs/table.ts';
import { signingKey } from '../manifest/sign.ts';
import type { Session } from '../openstack/connection.ts';
import type { PlanFile } from '../planfile/plan-file.ts';
import { keepsByRules, termsByPlan } from '../prune/by-plan.ts';
import { lookAtCloud } from '../prune/look.ts';
import { type PrunePlan, planPrune } from '../prune/plan.ts';
import { resourceOf, type Saved } from '../prune/point.ts';
import { readRecord, withLaterNeeds } from '../prune/read.ts';
import {
  doneOf,
  lineOf,
  planJson,
  planSummary,
  planTable,
  pointsJson,
  titleOf,
  toldManifest,
} from '../prune/show.ts';
import { resourcesMeant, termsOf } from '../prune/terms.ts';
import { unnamedPayloads } from '../prune/unnamed-payloads.ts';
import { publishPlace } from '../publish/publish.ts';
import type { Terms } from '../retention/judge.ts';
import type { Holdings } from '../temporaries/holdings.ts';
import { counted } from '../text/words.ts';
import type { Context } from './context.ts';
import { reachOf, serviceOfPlace } from './places/reach.ts';
import { namedPlace, shelfOf, storeOpener } from './places/storing.ts';
import { loadPlan } from './plan/file.ts';
import { connectFor } from './plan/look.ts';
import { deleteManifests, deletePlanned, recordPruned } from './prune/delete.ts';
import { simulated } from './prune/simulated.ts';
import {
  type Freeing,
  freeingOf,
  lookToPrune,
  sweepPruned,
  toldFreeing,
  warnOfStore,
} from './prune/store.ts';
import { placesOf } from './reading/manifest-places.ts';
import { readingOf } from './reading/reading.ts';

/** Deletes the restore points that no rule keeps: plan, show, record, delete. */
export async function prunePoints(context: Context, given: PruneInputs) {
  const rules = await rulesOf(context, given);
  if (rules.kind === 'policy' && given.simulate !== undefined)
    return simulated(given.simulate, given['max-chain'], rules.terms, context.host.clock.now());
  return pruneBy(context, rules, given);
}

/** What to keep: from the inputs, or from a plan. */
type Rules =
  | { readonly kind: 'policy'; readonly terms: Terms }
  | { readonly kind: 'plan'; readonly plan: PlanFile };

/** @throws InputError for no rules, and for rules from both */
async function rulesOf(context: Context, given: PruneInputs): Promise<Rules> {
  if (given.plan === undefined) return { kind: 'policy', terms: termsOf(given) };
  const other = RULES.find((name) => isGiven(given[name]));
  if (other !== undefined || given.simulate !== undefined)
    throw new InputError(
      `\`plan\` and \`${other ?? 'simulate'}\` cannot be given together`,
      'Give either the plan, whose `keep` has the rules, or the rules themselves.',
    );
  const plan = await loadPlan(context, given.plan);
  if (keepsByRules(plan)) return { kind: 'plan', plan };
  throw new InputError(
    `the plan ${given.plan} has no keep, so it never deletes anything`,
    'Write keep: {daily: 14, weekly: 8} into it, for example.',
  );
}

function isGiven(value: string | number | readonly string[] | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0;
}

const RULES = (Object.keys(keepInputs) as (keyof typeof keepInputs)[]).filter(
  (name) => name !== 'min-copies' && name !== 'timezone',
);

/** Takes from the plan what no input gives. */
function withPlan(rules: Rules, given: PruneInputs): PruneInputs {
  if (rules.kind === 'policy') return given;
  const { publish, recipients, store, cloud, region } = rules.plan;
  return {
    ...given,
    manifest: given.manifest.length > 0 ? given.manifest : publish,
    recipients: given.recipients.length > 0 ? given.recipients : recipients,
    store: given.store ?? store,
    cloud: given.cloud ?? cloud,
    region: given.region ?? region,
  };
}

/** What a run already has when it prunes besides its other work. */
interface Known {
  readonly session: Session;
  /** All manifests; undefined to read them. */
  readonly manifests: Manifests | undefined;
  /** What the project holds, if nothing has changed since; undefined to list it. */
  readonly seen: Holdings | undefined;
}

/**
 * Prunes by a plan, in an open session.
 *
 * @param given the inputs that the plan does not replace
 */
export function pruneByPlan(
  context: Context,
  { plan, ...known }: Known & { readonly plan: PlanFile },
  given: Partial<PruneInputs>,
) {
  return pruneBy(context, { kind: 'plan', plan }, { ...parseInputs(pruneInputs, {}), ...given }, known);
}

/** What a plan would delete now, in an open session. Changes nothing. */
export async function plannedByPlan(
  context: Context,
  { plan, ...known }: Known & { readonly plan: PlanFile },
  given: Partial<PruneInputs>,
): Promise<PrunePlan> {
  const inputs = { ...parseInputs(pruneInputs, {}), ...given };
  return (await lookFor(context, { kind: 'plan', plan }, inputs, known, false)).plan;
}

/**
 * What would be deleted, and what deleting it needs.
 *
 * @param sweeps whether to read the maps of the store too
 */
async function lookFor(
  context: Context,
  rules: Rules,
  inputs: PruneInputs,
  known: Known | undefined,
  sweeps: boolean,
) {
  const given = withPlan(rules, inputs);
  const expected = parseExpected(given.expect);
  const store = await namedPlace(context, given);
  await checkPublishing(context, given);
  const found = await trusted(context, given, known?.manifests);
  const session =
    known?.session ??
    (await (rules.kind === 'plan' ? connectFor(context, given, rules.plan) : context.connect(given)));
  const started = timestamp(session.clock);
  const look = store && sweeps ? await lookToPrune(context, store, found, session.clock.now()) : undefined;
  const stored = look?.stored;
  const doubts = doubtsOf(
    found.map(({ manifest }) => manifest),
    damagedObjects(verifiedIn(found, session.clock.now())),
  );
  const shelf = sweeps ? look?.shelf : await shelfOf(context, given, doubts);
  const plan = await planned(session, found, given, rules, { shelf, seen: known?.seen });
  const reach = await reachOf(context, given, given.manifest, shelf === undefined ? [] : [shelf.place]);
  const { endpoint } = serviceOfPlace(shelf?.place ?? '', reach);
  if (stored) warnOfStore(context, stored, endpoint);
  for (const line of plan.held) context.host.log.warn(line);
  const unnamed = unnamedPayloads(shelf, found, session.clock.now(), endpoint);
  if (expected !== undefined && expected !== plan.digest)
    throw new InputError(
      `what would be deleted differs from what \`expect\` says: its digest is ${plan.digest}`,
      'Look at it again with `dry-run: true`. Nothing was changed.',
    );
  return { given, store, stored, session, started, plan, unnamed };
}

async function pruneBy(context: Context, rules: Rules, inputs: PruneInputs, known?: Known) {
  const looked = await lookFor(context, rules, inputs, known, true);
  const { given, store, stored, session, started, plan, unnamed } = looked;
  for (const line of unnamed) context.host.log.warn(line);
  const freeing = stored && freeingOf(stored, plan);
  const told = stored && freeing ? toldFreeing(stored.place.name, freeing) : '';
  if (context.dryRun) return toldPlan(plan, freeing, told);
  for (const verdict of plan.going) context.host.log.info(lineOf(verdict));
  for (const reference of plan.manifests) context.host.log.info(toldManifest(reference));
  const recorded = await recordPruned(context, session, given, plan, started);
  const { deleted, failed } = await deletePlanned(context, session, plan, store);
  const swept = stored && (await sweepPruned(context, stored, session.clock.now()));
  failed.push(...(swept?.failures ?? []), ...(await deleteManifests(context, plan.manifests, given)));
  const done = doneOf(plan, failed.length);
  return {
    outputs: {
      digest: plan.digest,
      points: JSON.stringify(pointsJson(plan)),
      ...recorded,
      deleted: JSON.stringify(deleted),
      failed: JSON.stringify(failed),
      ...(swept && freeing && { freed: JSON.stringify({ ...swept.freed, later: freeing.later }) }),
    },
    deleted,
    failed: failed.length > 0 || plan.held.length > 0,
    failure: 'some restore points could not be deleted, see above; the next run tries again',
    printed: planTable(plan, done),
    summary: planSummary(`Pruned: ${done}`, plan),
  };
}

/** Makes each form only when it is read: with many points, each takes megabytes. */
function toldPlan(plan: PrunePlan, freeing: Freeing | undefined, told: string) {
  const freed = freeing && { ...freeing.now, later: { ...freeing.later } };
  return {
    deleted: [],
    failed: false,
    get outputs() {
      return {
        digest: plan.digest,
        points: JSON.stringify(pointsJson(plan)),
        ...(freed && { freed: JSON.stringify(freed) }),
      };
    },
    get printed() {
      return planTable(plan) + told;
    },
    get plan() {
      return { ...planJson(plan), ...(freed && { freed }) };
    },
    get summary() {
      return planSummary(titleOf(plan), plan);
    },
  };
}

function parseExpected(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, digest] = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (digest === undefined)
    throw new InputError(
      '`expect` is not a digest',
      'Give the 64 hex digits that a run with `dry-run: true` shows.',
    );
  return digest.toLowerCase();
}

/** Checks without any request. The next run must trust the record of what was deleted, or it would still list it. */
async function checkPublishing(context: Context, given: PruneInputs): Promise<void> {
  for (const name of given.publish) {
    const place = publishPlace(name, context.host.github !== undefined);
    if (place.kind === 'store') await storeOpener(context, given, 'publish')(place.name);
  }
  if (given['sign-key'] !== undefined) signingKey(given['sign-key']);
  else if (given['verify-key'] !== undefined && !given['allow-unsigned'])
    throw new InputError(
      '`verify-key` is given, but the record of what is deleted would not be signed',
      'Give `sign-key` too.',
    );
}

/**
 * All manifests: any of them may need a backup that would be deleted.
 *
 * @throws InputError if one is unreadable or not trusted; UnsignedError if signatures are all that is missing
 */
async function trusted(
  context: Context,
  given: PruneInputs,
  read: Manifests | undefined,
): Promise<readonly Found[]> {
  const places = () => placesOf(given.manifest, context.host.github !== undefined);
  const { found, unread } = read ?? (await allManifests(places(), await readingOf(context, given)));
  const doubted = found.flatMap(({ references, doubt }) =>
    doubt === undefined || given['allow-unsigned'] ? [] : [{ reference: references.join(', '), doubt }],
  );
  const { graver = [], unsigned = [] } = Object.groupBy([...unread, ...doubted], ({ doubt }) =>
    doubt.kind === 'unsigned' ? 'unsigned' : 'graver',
  );
  // An altered manifest matters more than an unsigned one.
  const [first, ...more] = [...graver, ...unsigned];
  if (first === undefined) return found;
  const { reference, doubt } = first;
  const Refusal = graver.length === 0 ? UnsignedError : InputError;
  throw new Refusal(
    `${named(reference, doubt.what)}${more.length > 0 ? `, and ${counted(more.length, 'more manifest is', 'more manifests are')} in doubt` : ''}: what they hold may need what would be deleted`,
    `${doubt.hint} Nothing was changed.`,
  );
}

async function planned(
  session: Session,
  found: readonly Found[],
  given: PruneInputs,
  rules: Rules,
  { shelf, seen }: { readonly shelf: Shelf | undefined; readonly seen: Holdings | undefined },
): Promise<PrunePlan> {
  const here = cloudOf(session);
  const listed = readRecord(
    found,
    ({ project, region }) => project.id === here.project.id && region === here.region,
    session.clock.now(),
  );
  const payloads = listed.points.flatMap(({ data }) => (data?.kind === 'payload' ? [data] : []));
  // Points that nobody can see stay, so nothing would ever be deleted.
  if (payloads.length > 0 && shelf !== undefined && shelf.sizes === undefined)
    session.log.warn(shelf.unknown);
  const cloud = await lookAtCloud(session, listed.points, {
    gone:
      rules.kind === 'policy'
        ? rules.terms.gone !== undefined
        : rules.plan.entries.some(({ keep }) => keep?.gone !== undefined),
    all: listed.sources.some(({ manifest }) => manifest.pruned !== undefined),
    stored: storedIn(shelf, payloads),
    lacking: lackingIn(shelf),
    seen,
  });
  const record = { ...listed, points: withLaterNeeds([...listed.points, ...cloud.unrecorded]) };
  const meant = resourcesMeant(given, record.points);
  const now = session.clock.now();
  const terms = rules.kind === 'policy' ? () => [rules.terms] : termsByPlan(rules.plan, record.points, now);
  const wishes = {
    termsOf: (point: Saved) => (meant === undefined || meant.has(resourceOf(point)) ? terms(point) : []),
    allowOverHalf: given['allow-over-half'],
    accepted: new Set([...given.accept, ...(rules.kind === 'plan' ? rules.plan.accept : [])]),
  };
  return planPrune(record, cloud, wishes, now);
}

/** A payload of another size is not the one that the point names. */
function storedIn(
  shelf: Shelf | undefined,
  payloads: readonly { name: string; size: number }[],
): Set<string> | undefined {
  const sizes = shelf?.sizes;
  return sizes && new Set(payloads.flatMap(({ name, size }) => (sizes.get(name) === size ? [name] : [])));
}

function lackingIn(shelf: Shelf | undefined): ReadonlyMap<string, string> {
  const tainted = [...(shelf?.tainted ?? [])].map(
    ([map, object]) => [map, `\`verify\` saw ${object} damaged`] as const,
  );
  return new Map([...tainted, ...(shelf?.lacking ?? [])]);
}
