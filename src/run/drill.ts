import { randomInt } from 'node:crypto';
import { pick } from '../catalog/pick.ts';
import { judge } from '../catalog/whole.ts';
import { timestamp } from '../clock.ts';
import { OtherVersion } from '../drill/by-hand/proved.ts';
import type { DrillLevel, Finding } from '../drill/finding.ts';
import { stopwatch } from '../drill/stopwatch.ts';
import { InputError } from '../errors.ts';
import type { DrillInputs } from '../inputs/drill.ts';
import type { DrilledPoint, Manifest } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { DrillWish } from '../planfile/plan-file.ts';
import { isDrillDue } from '../planfile/proof.ts';
import { holdingsOf, networkHoldingsOf } from '../temporaries/holdings.ts';
import { sweep } from '../temporaries/sweep.ts';
import { forMarkdown } from '../text/escape.ts';
import { parseSeed } from '../verify/sample.ts';
import { type Subject, subjectsOf } from '../verify/subjects.ts';
import type { Context, Outcome } from './context.ts';
import { bootWishes } from './drill/boot.ts';
import { drawnOf } from './drill/drawn.ts';
import { digestsIn, drillsIn } from './drill/drills-in.ts';
import { heldOutcome } from './drill/hold.ts';
import { neededSession, type Trial } from './drill/level.ts';
import { levelFor } from './drill/levels.ts';
import { drillOfPlan } from './drill/of-plan.ts';
import { disksRecorded, publishDrill, recordOf, recordsOf } from './drill/record.ts';
import { drilledPoint, drillLines, drillSummary, tellFinding } from './drill/show.ts';
import { carriedOut, trialOf } from './drill/trial.ts';
import { namedStore } from './places/storing.ts';
import { type Catalog, readCatalog } from './reading/catalog.ts';
import { compareClouds } from './reading/trusted-manifest.ts';
import { wantedOf } from './reading/wanted.ts';

/**
 * Proves that a restore point can be restored, as deep as asked, records it, and fails if it cannot. How deep is in
 * `drill/levels.ts`.
 */
export async function drillPoint(context: Context, asked: DrillInputs) {
  const { host, dryRun } = context;
  const { given, wish, project } = await drillOfPlan(context, asked);
  const { level } = given;
  const seed = parseSeed(given.seed, () => randomInt(2 ** 32));
  const watch = stopwatch(() => host.clock.now());
  const started = timestamp(context.host.clock);
  if (level !== 'bytes' && given.offline)
    throw new InputError(`\`level: ${level}\` restores to the cloud`, 'Leave `offline` out.');
  if (level === 'boot' && given['by-hand']) throw noServerByHand();
  if (level === 'boot') bootWishes(given);
  const wanted = wantedOf(given, host.clock.now());
  // First: without the cloud, nothing is known of what is in it.
  const session = level === 'bytes' ? undefined : await context.connect(given);
  const catalog = await readCatalog(context, given);
  const before = drillsIn(catalog.found, host.clock.now()).filter(
    ({ byHand = false }) => byHand === given['by-hand'],
  );
  if (wish !== undefined && !isDrillDue(before, wish, host.clock.now())) return notDue(wish);
  const subjects = subjectsOf(
    catalog.found,
    pick(catalog.entries, wanted).filter((entry) => project === undefined || entry.project === project),
    judge(catalog.looked),
    given['verify-key'] !== undefined,
  );

  const { subject, trial } = await drawnTrial(context, given, catalog, subjects, session, seed);
  const beside = await recordOf(context, given, subject, started);
  trial.show(host.log);
  if (session !== undefined) await sweepAll(session, host, dryRun);
  watch.lap('found');
  if (dryRun) return { outputs: {}, failed: false, plan: planOf(subject, level, seed, trial) };

  const finding = await carriedOut(context, trial, subject.entry.size, watch);
  const facts = { level, byHand: given['by-hand'], seed, time: timestamp(session?.clock ?? host.clock) };
  const { point, kind, id } = subject.entry;
  if (finding.held !== undefined)
    return heldOutcome(context, {
      session: neededSession({ session }),
      subject,
      finding,
      held: finding.held,
      seed,
      seconds: watch.seconds,
      started,
      beside,
    });
  const of = { point, resource: { kind, id } };
  const records = recordsOf(of, finding, { ...facts, seconds: watch.seconds });
  const all = [...records, ...disksRecorded(finding, facts)];
  const published = beside && (await publishDrill(beside, all, facts.time));
  return told(context, subject, finding, records[0] as DrilledPoint, {
    isWanted: beside !== undefined,
    published,
  });
}

/** Looks in networks as well: what a boot left there may be all that it left. */
async function sweepAll(session: Session, host: Context['host'], dryRun: boolean): Promise<void> {
  const [all, networks] = await Promise.all([holdingsOf(session), networkHoldingsOf(session)]);
  await sweep(session, host, dryRun, { ...all, ...networks });
}

function noServerByHand(): InputError {
  return new InputError(
    '`by-hand` makes no server: RESTORE.md gives a server the ports, the addresses and the floating IPs of its source, which may be running',
    'Use `level: volume`: it restores every disk of a server.',
  );
}

/** Draws again, among the others, if what another version wrote cannot be carried out by hand. */
async function drawnTrial(
  context: Context,
  given: DrillInputs,
  catalog: Catalog,
  subjects: readonly Subject[],
  session: Session | undefined,
  seed: number,
): Promise<{ readonly subject: Subject; readonly trial: Trial }> {
  const subject = await drawnOf(context, given, subjects, session, seed);
  const manifest = manifestOf(catalog, subject);
  const store = await namedStore(context, given);
  context.host.log.info(`${drilledPoint(subject)}: drawn with seed ${seed}`);
  if (session !== undefined) compareClouds(context, manifest, session, given);
  const digests = digestsIn(catalog.found, context.host.clock.now());
  const drilling = { context, given, session, subject, manifest, digests, store };
  try {
    return { subject, trial: await trialOf(levelFor(given, subject.entry.kind), drilling) };
  } catch (error) {
    if (!(error instanceof OtherVersion)) throw error;
    const { tool } = manifest.run;
    const others = subjects.filter((one) => manifestOf(catalog, one).run.tool !== tool);
    if (others.length === 0) throw error;
    context.host.log.info(`drawn again: ${error.message}`);
    return drawnTrial(context, given, catalog, others, session, seed);
  }
}

function notDue({ every }: DrillWish): Outcome<never> {
  const printed = `no drill is due: one every ${every}\n`;
  return {
    outputs: {},
    failed: false,
    printed,
    summary: `### No drill is due: one every ${forMarkdown(every)}`,
  };
}

function manifestOf({ found }: Catalog, { entry }: Subject): Manifest {
  const home = found.find(({ manifest }) => manifest.restorePoints.some(({ id }) => id === entry.point));
  if (home === undefined) throw new TypeError(`no manifest lists restore point ${entry.point}`);
  return home.manifest;
}

function planOf({ entry }: Subject, level: DrillLevel, seed: number, { planned }: Trial) {
  const { point, kind, id, name, time } = entry;
  return {
    level,
    seed,
    point,
    kind,
    id,
    name,
    time,
    ...(planned !== undefined && { restore: planned }),
  };
}

/** @param published the manifest of the record; undefined if a place did not take it */
function told(
  { host }: Context,
  subject: Subject,
  finding: Finding,
  { level, result, reached, why, seen, seconds, seed }: DrilledPoint,
  { isWanted, published }: { readonly isWanted: boolean; readonly published: string | undefined },
) {
  const { entry } = subject;
  const called = drilledPoint(subject);
  const failure = tellFinding(host.log, called, finding, isWanted && published === undefined);
  const title = `Drill of ${called}: ${result}`;
  const lines = drillLines(finding, seconds, [`seed ${seed}`]);
  return {
    outputs: {
      level,
      passed: String(result === 'passed'),
      result,
      reached: reached ?? '',
      ...(why !== undefined && { why }),
      seen: JSON.stringify(seen),
      seconds: JSON.stringify(seconds),
      seed: String(seed),
      kind: entry.kind,
      id: entry.id,
      name: entry.name,
      point: entry.point,
      time: entry.time,
      ...(published !== undefined && { manifest: published }),
    },
    failed: failure !== '',
    failure,
    printed: [title, ...lines.map((line) => `  ${line}`), ''].join('\n'),
    summary: drillSummary(title, lines),
  };
}
