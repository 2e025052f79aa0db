import { randomInt } from 'node:crypto';
import { cloudOf } from '../catalog/cloud-of.ts';
import { pick } from '../catalog/pick.ts';
import { judge } from '../catalog/whole.ts';
import { type DrillTools, drillBytes } from '../drill/bytes.ts';
import { candidatesIn, type SubjectCandidate, storedParts } from '../drill/candidates.ts';
import { draw } from '../drill/draw.ts';
import type { Finding } from '../drill/finding.ts';
import { type Stopwatch, stopwatch } from '../drill/stopwatch.ts';
import { drillVolume, type VolumeSubject } from '../drill/volume.ts';
import { InputError, messageOf, OperationError, PlainError, withHint } from '../errors.ts';
import type { DrillInputs } from '../inputs/drill.ts';
import type { DrilledPoint } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import { quotasFor } from '../openstack/quotas.ts';
import type { PayloadStore } from '../payload/store.ts';
import { QuotaError, quotaAfter, refuseOver } from '../plan/quota.ts';
import type { DrillWish } from '../planfile/plan-file.ts';
import { isDrillDue } from '../planfile/proof.ts';
import type { Log } from '../ports/log.ts';
import { volumeRestoring } from '../restore/volume/kind.ts';
import { gigabytesOf, planVolume } from '../restore/volume/plan.ts';
import { sweep } from '../temporaries/sweep.ts';
import { GIB } from '../text/bytes.ts';
import { forMarkdown } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import { parseSeed } from '../verify/sample.ts';
import { type Subject, subjectsOf } from '../verify/subjects.ts';
import type { Context, Outcome } from './context.ts';
import { drillOfPlan } from './drill-of-plan.ts';
import { drilledPoint, drillLines, drillSummary } from './drill-show.ts';
import { drillsIn } from './drills-in.ts';
import { environmentOf } from './environment-of.ts';
import { type Catalog, readCatalog } from './read-catalog.ts';
import { type RecordBeside, recordBeside } from './record-beside.ts';
import { makingRoom } from './room.ts';
import { namedStore } from './storing.ts';
import { compareClouds } from './trusted-manifest.ts';
import { wantedOf } from './wanted.ts';

/** Proves that a restore point can be restored, as deep as asked, records it, and fails if it cannot. */
export async function drillPoint(context: Context, asked: DrillInputs) {
  const { host, dryRun } = context;
  const { given, wish, project } = await drillOfPlan(context, asked);
  const seed = parseSeed(given.seed, () => randomInt(2 ** 32));
  const watch = stopwatch(() => host.clock.now());
  const started = now(context);
  if (given.level !== 'bytes' && given.offline)
    throw new InputError(`\`level: ${given.level}\` restores to the cloud`, 'Leave `offline` out.');
  const wanted = wantedOf(given, host.clock.now());
  // First: without the cloud, nothing is known of what is in it.
  const session = given.level === 'bytes' ? undefined : await context.connect(given);
  const catalog = await readCatalog(context, given);
  if (wish !== undefined && !isDrillDue(drillsIn(catalog.found), wish, host.clock.now())) return notDue(wish);
  const subjects = subjectsOf(
    catalog.found,
    pick(catalog.entries, wanted).filter((entry) => project === undefined || entry.project === project),
    judge(catalog.looked),
    given['verify-key'] !== undefined,
  );
  const drawn = await drawnOf(context, given, subjects, session, seed);
  const { subject } = drawn;
  const called = drilledPoint(subject);
  const store = await namedStore(context, given);
  const beside = await recordOf(context, given, subject, started);
  host.log.info(`${called}: drawn with seed ${seed}`);
  const work = await plan(context, given, session, catalog, subject, store);
  if (work.volume !== undefined) volumeRestoring.show(work.volume.plan, host.log);
  if (session !== undefined) await sweep(session, host, dryRun);
  watch.lap('found');
  if (dryRun) return { outputs: {}, failed: false, plan: planOf(given, subject, seed, work) };

  const finding = await carriedOut(context, session, subject, work, store, watch);
  const record = recordedAs(given, finding, subject, watch, seed, now(context));
  const manifest = beside && (await publish(beside, record));
  const failure = [
    ...(finding.why === undefined ? [] : ['the restore point is not proved']),
    ...(beside !== undefined && manifest === undefined ? ['the result could not be recorded'] : []),
  ].join('; ');
  if (finding.why !== undefined) host.log.error(`the drill of ${called} failed: ${finding.why}`);
  const title = `Drill of ${called}: ${record.result}`;
  const lines = drillLines(finding, watch.seconds, [`seed ${seed}`]);
  return {
    outputs: {
      level: given.level,
      passed: String(record.result === 'passed'),
      result: record.result,
      reached: record.reached ?? '',
      ...(record.why !== undefined && { why: record.why }),
      seen: JSON.stringify(record.seen),
      seconds: JSON.stringify(record.seconds),
      seed: String(seed),
      kind: subject.entry.kind,
      id: subject.entry.id,
      name: subject.entry.name,
      point: subject.entry.point,
      time: subject.entry.time,
      ...(manifest !== undefined && { manifest }),
    },
    failed: failure !== '',
    failure,
    printed: [title, ...lines.map((line) => `  ${line}`), ''].join('\n'),
    summary: drillSummary(title, lines),
  };
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

function now({ host }: Context): string {
  return new Date(host.clock.now()).toISOString();
}

/** @throws InputError if nothing can be drilled so, with why */
async function drawnOf(
  { host }: Context,
  given: DrillInputs,
  subjects: readonly Subject[],
  session: Session | undefined,
  seed: number,
): Promise<SubjectCandidate> {
  if (subjects.length === 0)
    throw new InputError(
      'no manifest lists such a restore point',
      'See `openstack-backup list` for those that there are.',
    );
  const { candidates, left } = candidatesIn(subjects, {
    level: given.level,
    identity: given.identity !== undefined,
    maxGigabytes: given['max-gigabytes'] || Number.POSITIVE_INFINITY,
    cloud: session === undefined || given['allow-other-project'] ? undefined : cloudOf(session),
    freeGigabytes: session === undefined ? Number.POSITIVE_INFINITY : await freeGigabytes(session),
  });
  const drawn = draw(candidates, given.pick, seed, host.clock.now());
  if (drawn === undefined) refuseUnseen(subjects);
  if (drawn === undefined)
    throw new InputError(
      `there is no restore point to drill: ${left.join('; ')}`,
      'Give what is missing, another `level`, or other restore points.',
    );
  for (const line of left) host.log.info(`left out: ${line}`);
  host.log.info(`one of ${counted(candidates.length, 'restore point')} is drilled`);
  return drawn;
}

/** @throws OperationError if the cloud did not say whether the data of a restore point is there */
function refuseUnseen(subjects: readonly Subject[]): void {
  const unseen = subjects.find(
    ({ entry, parts }) => entry.state === 'unknown' && parts.some(({ stored }) => stored === undefined),
  );
  if (unseen !== undefined)
    throw new OperationError(
      `cannot find out which restore points can be drilled: ${unseen.entry.why}`,
      'Look at the warnings above, and run it again.',
    );
}

async function freeGigabytes(session: Session): Promise<number> {
  const { gigabytes } = await quotasFor(session, [{ gigabytes: 1 }]);
  if (gigabytes === undefined || gigabytes.max < 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, gigabytes.max - gigabytes.used);
}

interface Work {
  readonly volume?: VolumeSubject;
  /** Why it cannot be restored: already the result of the drill. */
  readonly fault?: PlainError;
}

/**
 * What the plan of a restore refuses, the drill has found out; what is wrong with the inputs, and a full quota, say
 * nothing about the restore point.
 *
 * @throws InputError or QuotaError; nothing was changed then
 */
async function plan(...given: Parameters<typeof planned>): Promise<Work> {
  try {
    return await planned(...given);
  } catch (error) {
    const [{ host }] = given;
    const isFault = error instanceof PlainError && error.exitCode === 1 && !(error instanceof QuotaError);
    if (!isFault || host.signal.aborted) throw error;
    return { fault: error };
  }
}

async function planned(
  context: Context,
  given: DrillInputs,
  session: Session | undefined,
  { found }: Catalog,
  { entry }: Subject,
  store: PayloadStore | undefined,
): Promise<Work> {
  const manifest = found.find(({ manifest: { restorePoints } }) =>
    restorePoints.some(({ id }) => id === entry.point),
  )?.manifest;
  const point = manifest?.restorePoints.find(({ id }) => id === entry.point);
  if (session === undefined || manifest === undefined || point === undefined) return {};
  if (point.method !== 'cinder-backup' && point.method !== 'image') return {};
  compareClouds(context, manifest, session, given);
  const wishes = {
    volume: undefined,
    backup: undefined,
    to: undefined,
    overwrite: false,
    name: `drill of ${entry.name || entry.id}`,
    type: undefined,
    availabilityZone: undefined,
  };
  const choice = { kind: 'point', manifest, point } as const;
  const made = await makingRoom(session, context.host, context.dryRun, async () => {
    const decided = await planVolume(session, choice, wishes, store);
    if (decided.kind === 'overwrite') throw new TypeError('a drill makes a new volume');
    const need = { images: 1, image_mebibytes: gigabytesOf(decided) * 1024 };
    refuseOver(
      quotaAfter(await quotasFor(session, [need]), need, true),
      'the image that the volume is read back by',
    );
    return decided;
  });
  return { volume: { manifest, point, plan: made.plan } };
}

function planOf(given: DrillInputs, { entry }: Subject, seed: number, { volume }: Work) {
  const { point, kind, id, name, time } = entry;
  return {
    level: given.level,
    seed,
    point,
    kind,
    id,
    name,
    time,
    ...(volume && { restore: volumeRestoring.planned(volume.plan) }),
  };
}

/** What stops the run goes up; whatever else keeps the point from being restored is what the drill found out. */
async function carriedOut(
  context: Context,
  session: Session | undefined,
  subject: Subject,
  { volume, fault }: Work,
  store: PayloadStore | undefined,
  watch: Stopwatch,
): Promise<Finding> {
  const { host } = context;
  if (fault !== undefined) return notProved(host.log, fault);
  const bar = host.progress.start('Drilling', { items: 1, gigabytes: (subject.entry.size ?? 0) / GIB });
  const tools: DrillTools = {
    hide: (bytes) => host.secrets.add(bytes),
    signal: host.signal,
    onBytes: (count) => bar.advance(0, count / GIB),
  };
  try {
    if (session !== undefined && volume !== undefined)
      return await drillVolume(environmentOf(context, session), volume, store, watch, tools);
    if (store === undefined)
      throw new InputError('no store given', 'Give the place of the data with `store`.');
    try {
      return await drillBytes(storedParts(subject), store, tools);
    } finally {
      watch.lap('checked');
    }
  } catch (error) {
    if (host.signal.aborted || !(error instanceof PlainError)) throw error;
    return notProved(host.log, error);
  } finally {
    bar.finish();
  }
}

function notProved(log: Log, error: PlainError): Finding {
  log.debug(withHint(error));
  return { reached: null, seen: [], size: 0, keyProved: false, why: messageOf(error) };
}

/** Undefined if nobody would believe it. */
async function recordOf(
  context: Context,
  given: DrillInputs,
  { cloud, references }: Subject,
  started: string,
): Promise<RecordBeside | undefined> {
  if (given['verify-key'] !== undefined && given['sign-key'] === undefined) {
    context.host.log.warn(
      'the result is not recorded: with `verify-key`, a list believes only what is signed. Give `sign-key` too',
    );
    return undefined;
  }
  return cloud && recordBeside(context, given, cloud, references, started);
}

async function publish(
  { record, publish: to }: RecordBeside,
  point: DrilledPoint,
): Promise<string | undefined> {
  record.drill([point]);
  return to(point.time);
}

const LONGEST = 4096;

function recordedAs(
  { level }: DrillInputs,
  { reached, seen, size, keyProved, why }: Finding,
  { entry }: Subject,
  watch: Stopwatch,
  seed: number,
  time: string,
): DrilledPoint {
  return {
    point: entry.point,
    level,
    result: why === undefined ? 'passed' : 'failed',
    reached,
    time,
    seconds: watch.seconds,
    size,
    seed,
    seen: seen.slice(0, 64).map((line) => line.slice(0, LONGEST)),
    ...(keyProved && { key: 'proved' as const }),
    ...(why !== undefined && { why: why.slice(0, LONGEST) }),
  };
}
