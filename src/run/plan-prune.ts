import { PlainError, withHint } from '../errors.ts';
import type { ApplyInputs } from '../inputs/apply.ts';
import type { Need } from '../openstack/quota-names.ts';
import { allNeeds } from '../plan/quota.ts';
import { keepsByRules } from '../prune/by-plan.ts';
import type { PrunePlan } from '../prune/plan.ts';
import type { Context } from './context.ts';
import type { PlanLook } from './plan-look.ts';
import { plannedByPlan, pruneByPlan } from './prune.ts';

/** What says how a plan is pruned by. */
export type PruneGiven = Pick<
  ApplyInputs,
  'manifest' | 'workflow' | 'branch' | 'identity' | 'verify-key' | 'allow-unsigned' | 'only' | 'prune'
> &
  Partial<Pick<ApplyInputs, 'sign-key'>>;

/** A part of a matrix sees only its own work: one job after all of them prunes. */
export function prunes({ prune, only }: Pick<PruneGiven, 'prune' | 'only'>, { plan }: PlanLook): boolean {
  return prune && only.length === 0 && keepsByRules(plan);
}

/** Whether manifests that this run cannot open keep everything, which it reports. */
export function isSealed({ host }: Context, { receipts }: PlanLook): boolean {
  if (receipts.length === 0) return false;
  host.log.info(
    'nothing is deleted: sealed manifests may need what would be deleted, and cannot be read without an `identity`',
  );
  return true;
}

/** Deletes what no rule keeps of what was looked at. */
export function pruneLook(context: Context, look: PlanLook, given: PruneGiven) {
  return pruneByPlan(context, knownOf(look), inputsOf(given));
}

/** Whether nothing would be deleted even if every manifest were trusted. */
export async function deletesNothing(context: Context, look: PlanLook, given: PruneGiven): Promise<boolean> {
  const trusting = { ...inputsOf(given), 'allow-unsigned': true };
  const { deletions, manifests, held } = await plannedByPlan(context, knownOf(look), trusting);
  return deletions.length + manifests.length + held.length === 0;
}

/** What a run of the plan would delete now, and why; undefined if it would delete nothing, or where nobody can tell. */
export async function plannedPruning(
  context: Context,
  look: PlanLook,
  given: PruneGiven,
): Promise<PrunePlan | undefined> {
  if (!prunes(given, look) || isSealed(context, look)) return undefined;
  try {
    return await plannedByPlan(context, knownOf(look), inputsOf(given));
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    context.host.log.warn(`cannot find out what would be deleted: ${withHint(error)}`);
    return undefined;
  }
}

function knownOf({ session, plan, manifests, project: { seen } }: PlanLook) {
  return { session, plan, manifests, seen };
}

function inputsOf(given: PruneGiven) {
  const { manifest, workflow, branch, identity } = given;
  return {
    manifest,
    workflow,
    branch,
    identity,
    'verify-key': given['verify-key'],
    'sign-key': given['sign-key'],
    'allow-unsigned': given['allow-unsigned'],
  };
}

/** What deleting gives back of the quota. */
export function freedBy({ deletions }: PrunePlan, { project }: PlanLook): Need {
  const sizes = new Map(project.holdings.backups.map(({ id, size }) => [id, size]));
  const ids = deletions.flatMap(({ things }) =>
    things.flatMap(({ data }) => (data.kind === 'backup' ? [data.id] : [])),
  );
  return allNeeds(ids.map((id) => ({ backups: 1, backup_gigabytes: sizes.get(id) ?? 0 })));
}
