import type { SavingKind, Wishes } from '../../backup/kind.ts';
import { adopt } from '../../backup/volume/adopt.ts';
import { failureOf } from '../../backup/volume/failed.ts';
import { toldAdopted } from '../../backup/volume/show.ts';
import { readTags } from '../../chain/tags.ts';
import { timestamp } from '../../clock.ts';
import { PlainError } from '../../errors.ts';
import type { CloudInputs } from '../../inputs/cloud.ts';
import type { savingInputs, savingOutputs } from '../../inputs/saving.ts';
import type { Values } from '../../inputs/table.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Session } from '../../openstack/connection.ts';
import type { Publisher } from '../../publish/publisher.ts';
import type { Holdings } from '../../temporaries/holdings.ts';
import type { Leftover } from '../../temporaries/leftovers.ts';
import { sweep } from '../../temporaries/sweep.ts';
import { counted } from '../../text/words.ts';
import type { Context, Outcome } from '../context.ts';
import type { StoreGiven } from '../places/storing.ts';
import { openPlaces } from '../publishing.ts';
import { type Part, type PlannedJson, partOf, type Ready } from './part.ts';
import { prepareStore } from './prepare-store.ts';
import { recordFailure, recordPoint, type Saving, startSaving } from './recording.ts';
import { finishSaving, type SavedOutcome } from './saved.ts';

/** The inputs that the engine needs for every kind. */
export type SavingGiven = CloudInputs &
  Values<typeof savingInputs> &
  StoreGiven & { readonly concurrency: number };

/**
 * The steps of every backup: plan, make room, show, prepare, sweep, adopt, save each, record, publish.
 *
 * @throws InputError before anything is touched
 */
export async function save<W extends Wishes, P>(
  context: Context,
  kind: SavingKind<W, P>,
  given: SavingGiven,
  wishes: W,
): Promise<Outcome<typeof savingOutputs>> {
  const places = await openPlaces(context, given);
  const session = await context.connect(given);
  const parts = [partOf(kind, wishes, given.concurrency)];
  return saveParts(context, { session, places, given, collects: 'none' }, parts);
}

/** Whose backups a run records that earlier runs left to the cloud, by volume. Only a run of a plan records any. */
export type Collects = 'all' | 'none' | ReadonlySet<string>;

/** What a run saves from, and where its manifest goes. */
export interface SavingRun {
  readonly session: Session;
  readonly places: readonly Publisher[];
  readonly given: Omit<SavingGiven, 'concurrency'>;
  /** What the project holds, if nothing has changed since it was listed. */
  readonly seen?: Holdings | undefined;
  readonly collects: Collects;
}

/**
 * Saves one part after another, into one manifest. Plans each part after saving the ones before it, because those use
 * the same quotas.
 *
 * @throws InputError if a part without subjects is refused, before anything is touched
 */
export async function saveParts(
  context: Context,
  { session, places, given, seen, collects }: SavingRun,
  parts: readonly Part[],
): Promise<SavedOutcome> {
  const started = timestamp(session.clock);
  const until =
    given.deadline === 0 ? Number.POSITIVE_INFINITY : session.clock.now() + given.deadline * 60_000;
  if (context.dryRun) return planned(context, session, parts, until);
  let saving: Saving | undefined;
  let quota: Ready['quota'] = [];
  const stores = new Set<string>();
  for (const [at, part] of parts.entries()) {
    const ready = await readyOrFailed(part, at === 0 ? seen : undefined);
    saving ??= await begun();
    if ('error' in ready) {
      for (const subject of part.subjects) recordFailure(saving, { subject, error: ready.error });
      continue;
    }
    if (ready.quota.length > 0) quota = ready.quota;
    await prepared(part.payloads);
    const swept = await sweep(session, context.host, false, ready.holdings);
    const leftovers = swept.left.filter((left) => isMine(left, collects));
    if (collects === 'none') tellLeftAlone(context, swept.left);
    if (part.adopts && ready.holdings !== undefined) {
      const { volumes } = ready.holdings;
      await takeUp(saving, leftovers, { volumes, backups: swept.holdings.backups }, part.payloads);
    }
    await ready.carryOut(saving);
  }
  return finishSaving(saving ?? (await begun()), quota, given);

  async function begun(): Promise<Saving> {
    for (const place of places) await place.prepare(started);
    return startSaving(context, session, places, payloadsOf(parts), started, until);
  }

  /** Prepares each store once, so that leftovers there are reported once. */
  async function prepared(payloads: Part['payloads']): Promise<void> {
    if (payloads === undefined || stores.has(payloads.place)) return;
    stores.add(payloads.place);
    await prepareStore(context, payloads, given);
  }

  async function readyOrFailed(
    part: Part,
    known: Holdings | undefined,
  ): Promise<Ready | { readonly error: PlainError }> {
    try {
      return await part.ready(context, session, until, known);
    } catch (error) {
      if (part.subjects.length === 0 || !(error instanceof PlainError)) throw error;
      return { error };
    }
  }
}

/** A dry run: reports leftovers, and changes nothing. */
async function planned(
  context: Context,
  session: Session,
  parts: readonly Part[],
  until: number,
): Promise<SavedOutcome> {
  const all: PlannedJson[] = [];
  for (const part of parts) {
    const ready = await part.ready(context, session, until);
    if (!ready.swept) await sweep(session, context.host, true, ready.holdings);
    all.push(ready.planned);
  }
  const plan = together(all);
  return {
    outputs: {},
    failed: plan.refused.length > 0,
    plan: { ...plan },
    started: [],
    saved: [],
    underWay: [],
  };
}

/** All parts of a run share one place. */
function payloadsOf(parts: readonly Part[]): Part['payloads'] {
  return parts.find(({ payloads }) => payloads !== undefined)?.payloads;
}

function together(planned: readonly PlannedJson[]): PlannedJson {
  return {
    save: planned.flatMap(({ save }) => save),
    refused: planned.flatMap(({ refused }) => refused),
    quota: planned.findLast(({ quota }) => quota.length > 0)?.quota ?? [],
    warning: planned.find(({ warning }) => warning !== null)?.warning ?? null,
  };
}

/** Adopts what earlier runs left to the cloud or did not record. If one cannot be recorded, only that one fails. */
async function takeUp(
  saving: Saving,
  leftovers: readonly Leftover[],
  holdings: Pick<Holdings, 'volumes' | 'backups'>,
  payloads: Part['payloads'],
): Promise<void> {
  await tellFailed(saving, leftovers, holdings);
  const { environment, recorded } = saving;
  const { adopted, refused } = await adopt(
    environment,
    leftovers,
    holdings,
    payloads,
    new Set([...recorded, ...saving.told]),
  );
  for (const one of refused) {
    saving.told.add(one.backup);
    recordFailure(saving, one);
  }
  for (const { key, point, backup, tags } of adopted) {
    saving.marks.saw(backup, tags);
    try {
      if (key !== undefined) await recordPoint(saving, key, undefined);
      await recordPoint(saving, point, toldAdopted(point, tags.handedOver));
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      recordFailure(saving, { subject: point.resource, error });
    }
  }
}

/** A failed backup that was left to the cloud fails its volume, unless the volume is gone or was saved since. */
async function tellFailed(
  saving: Saving,
  leftovers: readonly Leftover[],
  { volumes, backups }: Pick<Holdings, 'volumes' | 'backups'>,
): Promise<void> {
  const { environment, recorded } = saving;
  for (const leftover of leftovers) {
    if (leftover.action !== 'failed' || recorded.has(leftover.tags.point)) continue;
    recorded.add(leftover.tags.point);
    const volume = volumes.find(({ id }) => id === leftover.backup.volumeId);
    const subject = { kind: 'volume', id: leftover.backup.volumeId, name: volume?.name ?? '' } as const;
    const error = await failureOf(leftover, subject, environment).catch((error: unknown) => {
      if (error instanceof PlainError) return error;
      throw error;
    });
    if (volume === undefined || isMadeAgain(leftover.backup, backups)) environment.log.warn(error.message);
    else recordFailure(saving, { subject, error });
  }
}

function isMadeAgain(failed: Backup, backups: readonly Backup[]): boolean {
  return backups.some(
    (other) =>
      other.volumeId === failed.volumeId &&
      other.createdAt > failed.createdAt &&
      (other.status === 'available' || other.status === 'creating') &&
      readTags(other) !== undefined,
  );
}

/** A matrix job records only its own part: its siblings record the rest, at the same time. */
export function isMine(leftover: Leftover, collects: Collects): boolean {
  if (!('backup' in leftover) || !leftover.tags.handedOver) return true;
  return collects === 'all' || (collects !== 'none' && collects.has(leftover.backup.volumeId));
}

function tellLeftAlone({ host: { log } }: Context, leftovers: readonly Leftover[]): void {
  const count = leftovers.filter((left) => left.action === 'adopt' && left.tags.handedOver).length;
  if (count > 0)
    log.info(
      `${counted(count, 'backup')} that \`apply\` left to the cloud ${count === 1 ? 'is' : 'are'} complete: the next \`apply\` records ${count === 1 ? 'it' : 'them'}`,
    );
}
