import type { Refused, Save, SavingKind, Subject, Wishes } from '../backup/kind.ts';
import { adopt } from '../backup/volume/adopt.ts';
import { toldVolume } from '../backup/volume/show.ts';
import { OperationError, PlainError } from '../errors.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import type { savingInputs, savingOutputs } from '../inputs/saving.ts';
import type { Values } from '../inputs/table.ts';
import type { RestorePoint } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import { type QuotaLine, quotaSentence } from '../plan/quota.ts';
import { pool } from '../pool.ts';
import { shareOf } from '../ports/share.ts';
import type { Holdings } from '../temporaries/holdings.ts';
import type { Leftover } from '../temporaries/leftovers.ts';
import { sweep } from '../temporaries/sweep.ts';
import { quoted } from '../text/escape.ts';
import type { Json } from '../text/redact-json.ts';
import type { Context, Outcome } from './context.ts';
import { adviser, fitting } from './fitting.ts';
import { openPlaces } from './publishing.ts';
import { recordFailure, recordPoint, type Saving, startSaving } from './recording.ts';
import { makingRoom } from './room.ts';
import { finishSaving } from './saved.ts';
import { waitForUnderWay } from './under-way.ts';

/** The inputs that the engine itself needs, whatever is saved. */
export type SavingGiven = CloudInputs & Values<typeof savingInputs> & { readonly concurrency: number };

/** What a run will save. A plain record: made without being carried out, and carried out without a command line. */
export interface SavingPlan<P> {
  /** In the order in which they begin. */
  readonly items: readonly P[];
  readonly refused: readonly Refused[];
  /** How many can be saved at the same time. */
  readonly atOnce: number;
  readonly quota: readonly QuotaLine[];
  /** That the next run will not fit any more. */
  readonly warning: string | undefined;
  /** Whether there may be more room where what dead runs left is gone. */
  readonly short: boolean;
  /** What the project holds, where it was listed for the plan. */
  readonly holdings: Holdings | undefined;
}

/**
 * What every saving does, whatever the kind: plan, make room, show, prepare, sweep, adopt, save each, record, publish.
 *
 * @throws InputError, and nothing was touched
 */
export async function save<W extends Wishes, P>(
  context: Context,
  kind: SavingKind<W, P>,
  given: SavingGiven,
  wishes: W,
): Promise<Outcome<typeof savingOutputs>> {
  const { host, dryRun } = context;
  const { payloads } = wishes;
  const places = await openPlaces(context, given);
  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const planned = () =>
    makingRoom(
      session,
      host,
      dryRun,
      () => planSaving(session, kind, wishes, given.concurrency),
      ({ short }) => short,
    );
  let room = await planned();
  const until =
    given.deadline === 0 ? Number.POSITIVE_INFINITY : session.clock.now() + given.deadline * 60_000;
  if (!dryRun && (await waitForUnderWay(session, host, room.plan.refused, until))) room = await planned();
  const { plan, swept } = room;
  show(context, kind, plan, wishes);
  if (dryRun) {
    if (!swept) await sweep(session, host, true, plan.holdings);
    return { outputs: {}, failed: plan.refused.length > 0, plan: plannedJson(kind, plan) };
  }

  for (const place of places) await place.prepare(started);
  await payloads?.prepare();
  const leftovers = await sweep(session, host, false, plan.holdings);
  const saving = startSaving(context, session, places, payloads, started, until);
  if (kind.adopts && plan.holdings !== undefined) await takeUp(saving, leftovers, plan.holdings);
  for (const one of plan.refused) recordFailure(saving, one);
  await saveEach(saving, kind, plan, await kind.begin(saving.environment, wishes, saving.marks));
  return finishSaving(saving, plan.quota, given);
}

/** Makes the plan. Changes nothing. */
export async function planSaving<W extends Wishes, P>(
  session: Session,
  kind: SavingKind<W, P>,
  wishes: W,
  concurrency: number,
): Promise<SavingPlan<P>> {
  const { wanted, refused, holdings } = await kind.plan(session, wishes);
  const backups = holdings?.backups ?? [];
  const fit = await fitting(session, wanted, concurrency, backups, (plan) => called(kind.subjectOf(plan)));
  const over = fit.refused.map(({ what, error }) => ({ subject: kind.subjectOf(what), error }));
  return {
    items: fit.fits,
    refused: [...refused, ...over],
    atOnce: fit.atOnce,
    quota: fit.quota,
    warning: fit.warning,
    short: fit.refused.length > 0,
    holdings,
  };
}

/** What a dry run would do, as a program reads it. */
function plannedJson<W extends Wishes, P>(
  kind: SavingKind<W, P>,
  { items, refused, quota, warning }: SavingPlan<P>,
): Json {
  return {
    save: items.map((item) => kind.planned(item)),
    refused: refused.map(({ subject, error }) => ({
      kind: subject.kind,
      id: subject.id,
      name: subject.name,
      error: error.message,
      hint: error.hint ?? '',
    })),
    quota: quota.map(({ told }) => told),
    warning: warning ?? null,
  };
}

function show<W extends Wishes, P>(
  { host: { log }, dryRun }: Context,
  kind: SavingKind<W, P>,
  { items, quota, warning, refused, holdings }: SavingPlan<P>,
  wishes: W,
): void {
  kind.show(items, wishes, log);
  if (holdings !== undefined) log.info(quotaSentence(quota));
  if (warning !== undefined) log.warn(warning);
  if (!dryRun) return;
  for (const { subject, error } of refused)
    log.warn(
      `${kind.refusal(subject)}: ${error.message}${error.hint === undefined ? '' : `. ${error.hint}`}`,
    );
}

/** Takes up what runs before did not live to record; one that cannot be written down fails alone. */
async function takeUp(saving: Saving, leftovers: readonly Leftover[], holdings: Holdings): Promise<void> {
  const { session, log } = saving.environment;
  const client = await session.service('block-storage');
  for (const { point, backup, tags } of await adopt(client, leftovers, holdings, log)) {
    saving.marks.saw(backup, tags);
    try {
      await recordPoint(saving, point, toldVolume(point));
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      recordFailure(saving, { subject: point.resource, error });
    }
  }
}

/** Saves what was planned. One that fails is told and recorded, and the others go on. */
async function saveEach<W extends Wishes, P>(
  saving: Saving,
  kind: SavingKind<W, P>,
  { items, atOnce, holdings }: SavingPlan<P>,
  begun: Save<P>,
): Promise<void> {
  const { host } = saving.context;
  const advised = adviser(holdings?.backups ?? []);
  const gigabytes = items.reduce((sum, item) => sum + kind.gigabytesOf(item), 0);
  const bar = host.progress.start(kind.doing, { items: items.length, gigabytes });
  try {
    await pool(items, atOnce, async (item) => {
      const share = shareOf(kind.gigabytesOf(item), bar);
      const subject = kind.subjectOf(item);
      try {
        host.signal.throwIfAborted();
        if (saving.environment.clock.now() >= saving.environment.until) throw notStarted(subject);
        await recordAll(saving, begun(item, share.onBytes), kind.told);
        share.done();
      } catch (error) {
        if (!(error instanceof PlainError) && !host.signal.aborted) throw error;
        share.failed();
        recordFailure(saving, { subject, error: advised(error) });
      }
    });
  } finally {
    bar.finish();
  }
}

/** Records each restore point as it comes. One that cannot be recorded is thrown at who saved it, and the others go on. */
async function recordAll(
  saving: Saving,
  points: AsyncGenerator<RestorePoint, void>,
  told: (point: RestorePoint) => string | undefined,
): Promise<void> {
  let next = await points.next();
  while (next.done !== true) {
    const point = next.value;
    const failure = await recordPoint(saving, point, told(point)).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    next = failure === undefined ? await points.next() : await points.throw(failure.error);
  }
}

function notStarted(subject: Subject): OperationError {
  return new OperationError(
    `${called(subject)} was not started: the run had to end`,
    `Give it more time with \`deadline\`, or choose fewer ${subject.kind}s.`,
  );
}

/** "volume "db" (5f2c…)", for messages. */
function called({ kind, name, id }: Subject): string {
  return `${kind} ${quoted(name)} (${id})`;
}
