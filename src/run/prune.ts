import { cloudOf } from '../catalog/cloud-of.ts';
import { allManifests, type Found } from '../catalog/everything.ts';
import { workflowFile } from '../catalog/github/provenance.ts';
import type { Shelf } from '../catalog/whole.ts';
import { InputError, OperationError } from '../errors.ts';
import type { PruneInputs } from '../inputs/prune.ts';
import { signingKey, verifyingKey } from '../manifest/sign.ts';
import type { Session } from '../openstack/connection.ts';
import { deleteAll } from '../prune/delete.ts';
import { lookAtCloud } from '../prune/look.ts';
import { type PrunePlan, planPrune } from '../prune/plan.ts';
import { keyOf, resourceOf, type Saved } from '../prune/point.ts';
import { readRecord } from '../prune/read.ts';
import { placesOfManifests, prunedPoints } from '../prune/record.ts';
import { lineOf, planSummary, planTable, pointsJson, sentenceOf } from '../prune/show.ts';
import { resourcesMeant, termsOf } from '../prune/terms.ts';
import { publishPlace } from '../publish/publish.ts';
import type { Publisher } from '../publish/publisher.ts';
import { ManifestRecord } from '../publish/record.ts';
import type { Terms } from '../retention/judge.ts';
import type { Place } from '../store/place.ts';
import type { Json } from '../text/redact-json.ts';
import { TOOL } from '../version.ts';
import type { Context } from './context.ts';
import { placesOf } from './manifest-places.ts';
import { simulated } from './prune-simulated.ts';
import { openPlaces, publishedOutputs } from './publishing.ts';
import { namedPlace, shelfOf } from './storing.ts';

/** Deletes the restore points that no rule keeps: plan, show, record, delete. */
export async function prunePoints(context: Context, given: PruneInputs) {
  const terms = termsOf(given);
  if (given.simulate !== undefined)
    return simulated(given.simulate, given['max-chain'], terms, context.host.clock.now());
  const expected = parseExpected(given.expect);
  const store = namedPlace(context, given.store);
  checkPublishing(context, given);
  const found = await trusted(context, given);
  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const shelf = await shelfOf(context, given.store);
  const plan = await planned(session, found, given, terms, shelf);
  for (const line of plan.held) context.host.log.warn(line);
  const shown = { digest: plan.digest, points: JSON.stringify(pointsJson(plan)) };
  if (expected !== undefined && expected !== plan.digest)
    throw new InputError(
      `what would be deleted differs from what \`expect\` says: its digest is ${plan.digest}`,
      'Look at it again with `dry-run: true`. Nothing was changed.',
    );
  if (context.dryRun)
    return {
      outputs: shown,
      failed: false,
      printed: planTable(plan),
      plan: { digest: plan.digest, points: pointsJson(plan) } satisfies Json,
      summary: planSummary('What would be deleted', plan),
    };
  for (const verdict of plan.going) context.host.log.info(lineOf(verdict));
  const recorded = await record(context, session, given, plan, started);
  const { deleted, failed } = await carryOut(context, session, plan, store);
  const left = failed.length > 0 ? `, of which ${failed.length} still exist` : '';
  return {
    outputs: { ...shown, ...recorded, deleted: JSON.stringify(deleted), failed: JSON.stringify(failed) },
    failed: failed.length > 0 || plan.held.length > 0,
    failure: 'some restore points could not be deleted, see above; the next run tries again',
    printed: `${planTable(plan)}`,
    summary: planSummary(`Pruned: ${sentenceOf(plan)}${left}`, plan),
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

/** What can be seen of it before anything is asked. A record that the next run would not trust hides nothing. */
function checkPublishing({ host }: Context, given: PruneInputs): void {
  for (const name of given.publish) publishPlace(name, host.github !== undefined);
  if (given['sign-key'] !== undefined) signingKey(given['sign-key']);
  else if (given['verify-key'] !== undefined && !given['allow-unsigned'])
    throw new InputError(
      '`verify-key` is given, but the record of what is deleted would not be signed',
      'Give `sign-key` too.',
    );
}

/**
 * All manifests: each of them may hold what needs a backup that would go.
 *
 * @throws InputError where one cannot be read, or is not to be trusted
 */
async function trusted(context: Context, given: PruneInputs): Promise<Found[]> {
  const { host } = context;
  const key = given['verify-key'];
  const { found, unread } = await allManifests(placesOf(given.manifest, host.github !== undefined), {
    directory: host.directory,
    github: host.github,
    workflow: given.workflow,
    branch: given.branch,
    now: () => host.clock.now(),
    log: host.log,
    verifyKey: key === undefined ? undefined : verifyingKey(await context.readText(key)),
    identity: given.identity,
    warn: (line) => host.log.warn(line),
  });
  const doubted = found.flatMap(({ references, doubt }) =>
    doubt === undefined || given['allow-unsigned'] ? [] : [{ reference: references.join(', '), doubt }],
  );
  const [first, ...more] = [...unread, ...doubted];
  if (first === undefined) return found;
  const { reference, doubt } = first;
  throw new InputError(
    `${doubt.what.includes(reference) ? doubt.what : `${reference} ${doubt.what}`}${more.length > 0 ? `, and ${more.length} more manifests are in doubt` : ''}: what they hold may need what would be deleted`,
    `${doubt.hint} Nothing was changed.`,
  );
}

async function planned(
  session: Session,
  found: readonly Found[],
  given: PruneInputs,
  terms: Terms,
  shelf: Shelf | undefined,
): Promise<PrunePlan> {
  const here = cloudOf(session);
  const record = readRecord(
    found,
    ({ project, region }) => project.id === here.project.id && region === here.region,
  );
  const meant = resourcesMeant(given, record.points);
  const cloud = await lookAtCloud(session, record.points, {
    gone: terms.gone !== undefined,
    stored: storedIn(shelf, record.points),
  });
  const wishes = {
    termsOf: (point: Saved) => (meant === undefined || meant.has(resourceOf(point)) ? terms : undefined),
    allowOverHalf: given['allow-over-half'],
  };
  return planPrune(record, cloud, wishes, session.clock.now());
}

/** One of another size is not what the point names. */
function storedIn(shelf: Shelf | undefined, points: readonly Saved[]): Set<string> {
  return new Set(
    points.flatMap(({ data }) =>
      data?.kind === 'payload' && shelf?.sizes?.get(data.name) === data.size ? [data.name] : [],
    ),
  );
}

/**
 * Publishes what goes, before it goes: from then on no catalog offers it, whatever becomes of this run.
 *
 * @throws OperationError, and nothing was deleted
 */
async function record(
  context: Context,
  session: Session,
  given: PruneInputs,
  { going }: PrunePlan,
  started: string,
): Promise<{ manifest?: string }> {
  const points = prunedPoints(going);
  if (points.length === 0) return {};
  const publish = given.publish.length > 0 ? given.publish : placesOfManifests(going);
  const places: Publisher[] = await openPlaces(context, {
    ...given,
    publish,
    expiry: 'any',
    'expiry-days': 0,
    'release-tag': undefined,
  });
  warnOfWorkflow(context, given, publish);
  for (const place of places) await place.prepare(started);
  const { run, log } = context.host;
  const record = new ManifestRecord(
    { publishers: places, keep: async () => undefined, warn: (line) => log.warn(line) },
    cloudOf(session),
    { id: run.id, tool: TOOL, started, finished: null },
  );
  record.prune(points);
  const finished = await record.finish(new Date(session.clock.now()).toISOString());
  const { manifest } = publishedOutputs(context, finished);
  if (finished.failures.length > 0 || !finished.lasts)
    throw new OperationError(
      'what should be deleted could not be recorded beside its manifests',
      'Nothing was deleted. Look at the errors above, and run it again.',
    );
  return manifest === undefined ? {} : { manifest };
}

/** Artifacts are looked for among the runs of one workflow. */
function warnOfWorkflow({ host }: Context, { workflow }: PruneInputs, publish: readonly string[]): void {
  const own = host.github?.here.workflow;
  if (workflow === undefined || own === undefined || !publish.includes('artifact')) return;
  if (workflowFile(workflow) === workflowFile(own)) return;
  host.log.warn(
    `the record is an artifact of ${workflowFile(own)}: who reads those of ${workflowFile(workflow)} does not find it. Use \`publish: release\`, or prune in that workflow`,
  );
}

async function carryOut({ host }: Context, session: Session, plan: PrunePlan, store: Place | undefined) {
  const deleted: { kind: string; id: string; point: string }[] = [];
  const failed: { kind: string; id: string; error: string }[] = [];
  const things = plan.deletions.reduce((sum, deletion) => sum + deletion.things.length, 0);
  const bar = host.progress.start('Deleting', { items: things, gigabytes: 0 });
  const id = (data: { kind: string }, key: string) => key.slice(data.kind.length + 1);
  try {
    await deleteAll(
      plan.deletions,
      { session, signal: host.signal, store },
      {
        deleted: ({ data, point }) => {
          host.log.info(`${keyOf(data)} is deleted`);
          deleted.push({ kind: data.kind, id: id(data, keyOf(data)), point: point.id });
          bar.advance(1, 0);
        },
        stays: ({ data }, why) => {
          host.log.error(`${keyOf(data)} is not deleted: ${why}. The next run tries again`);
          failed.push({ kind: data.kind, id: id(data, keyOf(data)), error: host.secrets.redact(why) });
        },
      },
    );
  } finally {
    bar.finish();
  }
  return { deleted, failed };
}
