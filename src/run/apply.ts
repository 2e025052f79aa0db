import { asBeingMade, asMade, type BeingMade, toldBeingMade } from '../chain/being-made.ts';
import { PlainError, UnsignedError, withHint } from '../errors.ts';
import type { ApplyInputs } from '../inputs/apply.ts';
import type { Outputs } from '../inputs/table.ts';
import { tagsOf } from '../inputs/tag.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { willBeOf } from '../planfile/due.ts';
import { duePartsOf } from '../planfile/parts.ts';
import type { PlanEntry } from '../planfile/plan-file.ts';
import { findLeftovers } from '../temporaries/leftovers.ts';
import { quoted } from '../text/escape.ts';
import { appliedTold, whyNothing } from './apply/show.ts';
import type { Context, Outcome } from './context.ts';
import { withKind } from './plan/due-kind.ts';
import { lookAgain, lookAtPlan, type PlanLook } from './plan/look.ts';
import { deletesNothing, isSealed, pruneLook, prunes } from './plan/prune.ts';
import { isTight } from './plan/tight.ts';
import { showLook } from './plan-show.ts';
import { openPlaces } from './publishing.ts';
import { withHeartbeat } from './report/heartbeat.ts';
import { reportOn } from './report.ts';
import { type Part, partOf } from './saving/part.ts';
import { type Collects, isMine, type SavingRun, saveParts } from './saving/saving.ts';

/** The same concurrency as the commands' default. */
const AT_ONCE = 4;

/** Carries out a plan: saves what is due, deletes what no rule keeps, and reports. Goes on after a failure. */
export async function applyPlan(context: Context, given: ApplyInputs): Promise<Outcome<Outputs>> {
  const tags = tagsOf(given);
  return withHeartbeat(context, given.heartbeat, () => carryOut(context, given, tags));
}

async function carryOut(
  context: Context,
  given: ApplyInputs,
  tags: readonly string[],
): Promise<Outcome<Outputs>> {
  const look = await lookAtPlan(context, given);
  if (context.dryRun) return showLook(context, look, given);
  for (const doubt of look.doubts) context.host.log.warn(doubt);
  tellUnderWay(context, look);
  const startOnly = given['start-only'];
  const parts = await partsOf(context, look, tags, startOnly);
  const isShort = parts.length > 0 && (await isTight(context, look));
  const room = isShort ? await pruned(context, given, look) : NOTHING;
  // A matrix job records only its own part; its siblings record the rest.
  const collects = given.only.length > 0 ? volumesOf(look) : 'all';
  const work = await withAdoption(context, look, parts, collects);
  // The listing made for the plan is still valid for the first part.
  const seen = isShort ? undefined : look.project.seen;
  const saved = await saveDue(context, given, { ...look, seen, collects }, work);
  const after = await attempt(context, 'cannot find out what is covered now', () =>
    work.length > 0 ? lookAgain(context, given, look) : Promise.resolve(look),
  );
  const last = after === undefined ? NOTHING : await pruned(context, given, after);
  // A matrix job does not report either.
  const isPart = given.only.length > 0;
  const report =
    after === undefined || isPart
      ? undefined
      : await attempt(context, 'cannot make the report', () =>
          reportOn(context, given, after, after.plan.failOn),
        );
  const due = parts.reduce((sum, { subjects }) => sum + subjects.length, 0);
  return {
    outputs: {
      ...saved?.outputs,
      due: String(due),
      started: JSON.stringify(
        (saved?.started ?? []).map(({ backup, resource: { kind, id, name } }) => ({
          id: backup,
          kind,
          resource: id,
          name,
        })),
      ),
      pruned: JSON.stringify([...room.deleted, ...last.deleted]),
      ...(report === undefined ? {} : { coverage: report.outputs.coverage }),
    },
    ...appliedTold({ due, saved, pruned: [room, last], report, reports: !isPart }),
  };
}

async function saveDue(
  context: Context,
  given: ApplyInputs,
  look: PlanLook & Pick<SavingRun, 'seen' | 'collects'>,
  parts: readonly Part[],
) {
  const { session, plan, access, duties, seen, collects } = look;
  if (parts.length === 0) {
    const { name } = session.scope.project;
    const under = duties.filter(({ underWay }) => underWay !== undefined).length;
    context.host.log.info(`nothing is due in project ${name}: ${whyNothing(duties.length, under)}`);
    return undefined;
  }
  const { publish, recipients, store } = plan;
  const saving = { ...given, ...access, publish, recipients, store };
  const places = await openPlaces(context, saving);
  return saveParts(context, { session, places, given: saving, seen, collects }, parts);
}

function volumesOf({ duties }: PlanLook): ReadonlySet<string> {
  return new Set(
    duties.flatMap(({ resource: { kind, id, volumes } }) => (kind === 'volume' ? [id] : volumes)),
  );
}

function tellUnderWay({ host: { log } }: Context, { duties }: PlanLook): void {
  for (const { resource, underWay } of duties)
    if (underWay !== undefined)
      log.info(`volume ${quoted(resource.name)} (${resource.id}) is ${toldBeingMade(underWay)}`);
}

async function partsOf(
  context: Context,
  look: PlanLook,
  tags: readonly string[],
  startOnly: boolean,
): Promise<Part[]> {
  const { plan, duties } = look;
  const leavesOf = (entry: PlanEntry) => {
    const isMeant = (made: BeingMade | undefined) =>
      made !== undefined && willBeOf(entry, made, plan.store !== undefined);
    return {
      isLeft: (backup: Backup) => isMeant(asBeingMade(backup, startOnly)),
      saves: (backup: Backup) => isMeant(asMade(backup)),
    };
  };
  const parts: Part[] = [];
  for (const part of duePartsOf(duties, plan.entries, startOnly)) {
    const subjects = part.duties.map(({ resource: { kind, id, name } }) => ({ kind, id, name }));
    parts.push(
      await withKind(
        context,
        look,
        part,
        tags,
        (kind, wishes) => partOf(kind, wishes, AT_ONCE, subjects, leavesOf(part.entry)),
        startOnly,
      ),
    );
  }
  return parts;
}

/**
 * A complete backup that an earlier run left counts as saved, so it must get into a manifest even if nothing is due. A
 * failed one is removed before planning, because it counts against the quota.
 */
async function withAdoption(
  context: Context,
  look: PlanLook,
  parts: readonly Part[],
  collects: Collects,
): Promise<readonly Part[]> {
  const {
    session,
    plan,
    project: { holdings },
  } = look;
  const { liveness } = context.host;
  const leftovers = (await findLeftovers(holdings, liveness, session.clock.now())).filter((left) =>
    isMine(left, collects),
  );
  const hasFailed = leftovers.some(({ action }) => action === 'failed');
  if (!hasFailed && parts.some(({ adopts }) => adopts)) return parts;
  if (!hasFailed && !leftovers.some(({ action }) => action === 'adopt' || action === 'doubt')) return parts;
  const [entry] = plan.entries;
  if (entry === undefined) return parts;
  const nothing = { entry, kind: 'volume', duties: [] } as const;
  const adopting = await withKind(context, look, nothing, [], (kind, wishes) =>
    partOf(kind, wishes, AT_ONCE),
  );
  return hasFailed ? [adopting, ...parts] : [...parts, adopting];
}

interface Pruned {
  readonly deleted: readonly { readonly kind: string; readonly id: string; readonly point: string }[];
  readonly failed: boolean;
  readonly summary: string;
}

const NOTHING: Pruned = { deleted: [], failed: false, summary: '' };

async function pruned(context: Context, given: ApplyInputs, look: PlanLook): Promise<Pruned> {
  if (!prunes(given, look) || isSealed(context, look)) return NOTHING;
  const done = await attempt(context, 'nothing was pruned', () =>
    pruneLook(context, look, given).catch(async (error: unknown) => {
      if (!(error instanceof UnsignedError) || !(await deletesNothing(context, look, given))) throw error;
      context.host.log.warn(
        `nothing has to be deleted now; when something has to, it stays: ${withHint(error)}`,
      );
      return NOTHING;
    }),
  );
  if (done === undefined) return { ...NOTHING, failed: true };
  const { deleted, failed, summary } = done;
  return { deleted, failed, summary: deleted.length > 0 || failed ? summary : '' };
}

/** Reports a failure and goes on, so that it does not hide what was done before. */
async function attempt<T>({ host }: Context, what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    host.log.error(`${what}: ${withHint(error)}`);
    return undefined;
  }
}
