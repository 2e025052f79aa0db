import type { Refused, SavingKind, Subject, Wishes } from '../../backup/kind.ts';
import { adviceWith } from '../../chain/advice.ts';
import { PlainError } from '../../errors.ts';
import { countsOf, type Need, type QuotaName, type Quotas } from '../../openstack/quota-names.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { type Wanted, whatFits } from '../../plan/fit.ts';
import { type QuotaLine, quotaAfter, tooSmall } from '../../plan/quota.ts';
import { type DuePart, duePartsOf } from '../../planfile/parts.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { Context } from '../context.ts';
import { withKind } from './due-kind.ts';
import type { PlanLook } from './look.ts';

/** What will be done with one resource that is due. */
export interface DueItem {
  readonly entry: string;
  readonly subject: Subject;
  /** For programs. */
  readonly planned: Json;
}

/** What a run of the plan would do now. A plain record. */
export interface DuePlan {
  readonly items: readonly DueItem[];
  /** What cannot be done, and why. */
  readonly refused: readonly (Refused & { readonly entry: string })[];
  readonly before: readonly QuotaLine[];
  readonly after: readonly QuotaLine[];
}

/** The same concurrency as the commands' default. */
const AT_ONCE = 4;

/**
 * Plans all that is due against the same quotas, as far as they reach. Changes nothing.
 *
 * @param freed what deletions give back first
 */
export async function planDue(context: Context, look: PlanLook, freed: Need = {}): Promise<DuePlan> {
  const { session, plan, duties, project } = look;
  const wanted: Wanted<DueItem>[] = [];
  const refused: DuePlan['refused'][number][] = [];
  for (const part of duePartsOf(duties, plan.entries)) {
    const planned = await planPart(context, look, part);
    wanted.push(...planned.wanted);
    refused.push(...planned.refused);
  }
  const needs = wanted.flatMap(({ parts, meanwhile }) => [...parts.map(({ stays }) => stays), meanwhile]);
  const quotas = await quotasFor(session, needs);
  const fit = whatFits(without(quotas, freed), wanted, AT_ONCE);
  const names = new Set(
    wanted.flatMap(({ parts }) => parts.flatMap(({ stays }) => countsOf(stays).map(([name]) => name))),
  );
  const nothing = Object.fromEntries([...names].map((name): [QuotaName, number] => [name, 0]));
  const advice = adviceWith(project.holdings.backups);
  return {
    items: fit.fits,
    refused: [
      ...refused,
      ...fit.over.map(({ what: { entry, subject }, quota }) => ({
        entry,
        subject,
        error: tooSmall(quota, called(subject), advice),
      })),
    ],
    before: quotaAfter(quotas, nothing),
    after: fit.after,
  };
}

function without(quotas: Quotas, freed: Need): Quotas {
  const less = countsOf(freed).flatMap(([name, count]) => {
    const limit = quotas[name];
    return limit === undefined ? [] : [[name, { ...limit, used: limit.used - count }] as const];
  });
  return { ...quotas, ...Object.fromEntries(less) };
}

interface PlannedPart {
  readonly wanted: readonly Wanted<DueItem>[];
  readonly refused: DuePlan['refused'];
}

/** A part that cannot be planned fails alone. */
async function planPart(context: Context, look: PlanLook, part: DuePart): Promise<PlannedPart> {
  const entry = part.entry.name;
  try {
    return await withKind(context, look, part, [], (kind, wishes) => planWith(look, entry, kind, wishes));
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    return { wanted: [], refused: part.duties.map(({ resource }) => ({ entry, subject: resource, error })) };
  }
}

async function planWith<W extends Wishes, P>(
  { session, duties, project }: PlanLook,
  entry: string,
  kind: SavingKind<W, P>,
  wishes: W,
): Promise<PlannedPart> {
  const { wanted, refused } = await kind.plan(session, wishes, project.seen, 'listed');
  const newest = new Map(
    duties.filter((duty) => duty.entry.name === entry).map((duty) => [duty.resource.id, duty.newest]),
  );
  return {
    // The entry's oldest backup comes first.
    wanted: wanted.map(({ what, parts, meanwhile }) => {
      const subject = kind.subjectOf(what);
      const last = newest.get(subject.id);
      return {
        what: { entry, subject, planned: kind.planned(what) },
        savedAt: last === undefined ? undefined : new Date(last).toISOString(),
        parts: parts.map(({ id, stays }) => ({ id: `${entry} ${id}`, stays })),
        meanwhile,
      };
    }),
    refused: refused.map((one) => ({ ...one, entry })),
  };
}

function called({ kind, name, id }: Subject): string {
  return `${kind} ${quoted(name)} (${id})`;
}
