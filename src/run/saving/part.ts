import type { KeyCheck, Refused, Save, SavingKind, Started, Subject, Wishes } from '../../backup/kind.ts';
import { OperationError, PlainError, withHint } from '../../errors.ts';
import { withTags } from '../../manifest/points.ts';
import type { RestorePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { type QuotaLine, quotaSentence } from '../../plan/quota.ts';
import { pool } from '../../pool.ts';
import { shareOf } from '../../ports/share.ts';
import type { Holdings } from '../../temporaries/holdings.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { Context } from '../context.ts';
import { makingRoom } from '../room.ts';
import { adviser, fitting } from './fitting.ts';
import { recordFailure, recordPoint, recordStarted, type Saving } from './recording.ts';
import {
  isOthers,
  isSavedByOther,
  isUnderWay,
  type Leaves,
  ofEarlierRuns,
  tellUnderWay,
  type UnderWay,
  waitForUnderWay,
  withBackup,
} from './under-way.ts';

/** What will be saved of one kind. A plain record, so that a dry run can show it. */
export interface SavingPlan<P> {
  /** In the order in which they start. */
  readonly items: readonly P[];
  readonly refused: readonly Refused[];
  /** Backups that an earlier run has under way: not waited for, and not failures. */
  readonly underWay: readonly UnderWay[];
  /** How many can be saved at the same time. */
  readonly atOnce: number;
  readonly quota: readonly QuotaLine[];
  /** Warns that the next run will not fit. */
  readonly warning: string | undefined;
  /** Whether removing leftovers may make more room. */
  readonly short: boolean;
  /** What the project holds, if the plan had to list it. */
  readonly holdings: Holdings | undefined;
}

/** A part of a run: one kind and its wishes. Hides the kind's own types. */
export interface Part {
  /** Where data goes that leaves the cloud. */
  readonly payloads: PayloadStore | undefined;
  /** What counts as failed if planning fails, while other parts go on. Empty: the run is refused instead. */
  readonly subjects: readonly Subject[];
  /** Whether to adopt finished Cinder backups of interrupted runs. */
  readonly adopts: boolean;
  /**
   * Plans the part, and shows the plan. Changes nothing, except to remove leftovers if not all fits.
   *
   * @param until the deadline, milliseconds since the epoch in the cloud's time
   * @param seen what the project holds, if it was just listed
   * @throws InputError or QuotaError, and nothing was touched
   */
  ready(context: Context, session: Session, until: number, seen?: Holdings): Promise<Ready>;
}

/** A part that is planned. */
export interface Ready {
  readonly refused: readonly Refused[];
  readonly quota: readonly QuotaLine[];
  readonly holdings: Holdings | undefined;
  /** Whether leftovers were already looked for and reported. */
  readonly swept: boolean;
  readonly planned: PlannedJson;
  /** Saves each item. Reports and records a failure, and goes on with the others. */
  carryOut(saving: Saving): Promise<void>;
}

/** What would be done, for programs. */
export interface PlannedJson {
  readonly save: readonly Json[];
  readonly refused: readonly Json[];
  readonly quota: readonly string[];
  readonly warning: string | null;
}

/**
 * @param subjects see {@link Part.subjects}
 * @param leaves see {@link Leaves}; undefined if everything must be finished when the run ends
 */
export function partOf<W extends Wishes, P>(
  kind: SavingKind<W, P>,
  wishes: W,
  concurrency: number,
  subjects: readonly Subject[] = [],
  leaves?: Leaves,
): Part {
  return {
    payloads: wishes.payloads,
    adopts: kind.adopts,
    subjects,
    async ready(context, session, until, seen) {
      let known = seen;
      const { host, dryRun } = context;
      const planned = () =>
        makingRoom(
          session,
          host,
          dryRun,
          () => {
            const listed = known;
            known = undefined;
            return planSaving(session, kind, wishes, concurrency, listed, dryRun ? 'listed' : 'each', leaves);
          },
          ({ short }) => short,
        );
      let room = await planned();
      if (!dryRun && (await waitForUnderWay(session, host, room.plan.refused, until))) room = await planned();
      const { plan, swept } = room;
      show(context, kind, plan, wishes);
      return {
        refused: plan.refused,
        quota: plan.quota,
        holdings: plan.holdings,
        swept,
        planned: plannedJson(kind, plan),
        async carryOut(saving) {
          // Those were waited for before.
          const ended = new Set((await ofEarlierRuns(plan.refused, host)).map(({ id }) => id));
          const others: UnderWay[] = [];
          for (const one of plan.refused)
            if (isOthers(one, leaves) && !ended.has(one.error.backup.id)) others.push(one);
            else recordFailure(saving, one);
          for (const { subject } of plan.underWay) saving.underWay.push(subject);
          const begun = await kind.begin(saving.environment, wishes, saving.marks);
          const inTheWay = await saveEach(saving, kind, plan, wishes.tags, begun, leaves);
          await pool([...others, ...inTheWay], MOST_AWAITED, (one) => awaitOther(saving, one));
        },
      };
    },
  };
}

/** Waiting costs one list a tick. */
const MOST_AWAITED = 100;

async function awaitOther(saving: Saving, one: UnderWay): Promise<void> {
  const { context, environment } = saving;
  if (await isSavedByOther(environment.session, context.host, one, environment.until))
    saving.underWay.push(one.subject);
  else recordFailure(saving, one);
}

/** Changes nothing. */
async function planSaving<W extends Wishes, P>(
  session: Session,
  kind: SavingKind<W, P>,
  wishes: W,
  concurrency: number,
  seen: Holdings | undefined,
  keys: KeyCheck,
  leaves: Leaves,
): Promise<SavingPlan<P>> {
  const { wanted, refused: found, holdings } = await kind.plan(session, wishes, seen, keys);
  const all = leaves === undefined ? found : await pool(found, 4, (one) => withBackup(session, one));
  const backups = holdings?.backups ?? [];
  const fit = await fitting(session, wanted, concurrency, backups, (plan) => called(kind.subjectOf(plan)));
  const underWay = all.filter((one): one is UnderWay => isUnderWay(one, leaves));
  const refused = all.filter((one) => !isUnderWay(one, leaves));
  const over = fit.refused.map(({ what, error }) => ({ subject: kind.subjectOf(what), error }));
  return {
    items: fit.fits,
    refused: [...refused, ...over],
    underWay,
    atOnce: fit.atOnce,
    quota: fit.quota,
    warning: fit.warning,
    short: fit.refused.length > 0,
    holdings,
  };
}

function plannedJson<W extends Wishes, P>(
  kind: SavingKind<W, P>,
  { items, refused, quota, warning }: SavingPlan<P>,
): PlannedJson {
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
  { items, quota, warning, refused, underWay, holdings }: SavingPlan<P>,
  wishes: W,
): void {
  kind.show(items, wishes, log);
  for (const one of underWay) tellUnderWay(log, one);
  if (holdings !== undefined) log.info(quotaSentence(quota));
  if (warning !== undefined) log.warn(warning);
  if (!dryRun) return;
  for (const { subject, error } of refused) log.warn(`${kind.refusal(subject)}: ${withHint(error)}`);
}

/**
 * Saves each planned item. Reports and records a failure, and goes on with the others.
 *
 * @returns what another run is just saving
 */
async function saveEach<W extends Wishes, P>(
  saving: Saving,
  kind: SavingKind<W, P>,
  { items, atOnce, holdings }: SavingPlan<P>,
  tags: readonly string[],
  begun: Save<P>,
  leaves: Leaves,
): Promise<UnderWay[]> {
  const inTheWay: UnderWay[] = [];
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
        const isLeft = await recordAll(saving, begun(item, share.onBytes), tags, kind.told);
        if (!isLeft) saving.saved.push(subject);
        share.done();
      } catch (error) {
        if (!(error instanceof PlainError) && !host.signal.aborted) throw error;
        share.failed();
        const refused = { subject, error };
        if (isUnderWay(refused, leaves)) {
          tellUnderWay(host.log, refused);
          saving.underWay.push(subject);
        } else if (isOthers(refused, leaves)) inTheWay.push(refused);
        else recordFailure(saving, { subject, error: advised(error) });
      }
    });
  } finally {
    bar.finish();
  }
  return inTheWay;
}

/**
 * Records each restore point as it arrives, and each backup that was started. If one cannot be recorded, throws into
 * the generator that saved it, which may go on with the others.
 *
 * @returns whether the resource is left to the cloud
 */
async function recordAll(
  saving: Saving,
  points: AsyncGenerator<RestorePoint | Started, void>,
  tags: readonly string[],
  told: (point: RestorePoint) => string | undefined,
): Promise<boolean> {
  let isLeft = false;
  let next = await points.next();
  while (next.done !== true) {
    if (next.value.method === 'started') {
      recordStarted(saving, next.value);
      isLeft = true;
      next = await points.next();
      continue;
    }
    const point = withTags(next.value, tags);
    const failure = await recordPoint(saving, point, told(point)).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    next = failure === undefined ? await points.next() : await points.throw(failure.error);
  }
  return isLeft;
}

function notStarted(subject: Subject): OperationError {
  return new OperationError(
    `${called(subject)} was not started: the run reached its deadline`,
    `Raise \`deadline\`, or select fewer ${subject.kind}s.`,
  );
}

/** "volume "db" (5f2c…)", for messages. */
function called({ kind, name, id }: Subject): string {
  return `${kind} ${quoted(name)} (${id})`;
}
