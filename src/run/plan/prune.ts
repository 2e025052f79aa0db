import { PlainError, withHint } from '../../errors.ts';
import type { ApplyInputs } from '../../inputs/apply.ts';
import type { Need } from '../../openstack/quota-names.ts';
import { allNeeds } from '../../plan/quota.ts';
import { keepsByRules } from '../../prune/by-plan.ts';
import type { PrunePlan } from '../../prune/plan.ts';
import type { Context } from '../context.ts';
import { plannedByPlan, pruneByPlan } from '../prune.ts';
import type { PlanLook } from './look.ts';

/** The inputs that control how a plan prunes. */
export type PruneGiven = Pick<
  ApplyInputs,
  'manifest' | 'workflow' | 'branch' | 'identity' | 'verify-key' | 'allow-unsigned' | 'only' | 'prune'
> &
  Partial<Pick<ApplyInputs, 'sign-key'>>;

/** A matrix job sees only its own work: a job after all of them prunes. */
export function prunes({ prune, only }: Pick<PruneGiven, 'prune' | 'only'>, { plan }: PlanLook): boolean {
  return prune && only.length === 0 && keepsByRules(plan);
}

/** Whether sealed manifests prevent all pruning, because this run cannot open them. Logs it. */
export function isSealed({ host }: Context, { receipts }: PlanLook): boolean {
  if (receipts.length === 0) return false;
  host.log.info(
    'nothing is deleted: sealed manifests may need what would be deleted, and cannot be read without an `identity`',
  );
  return true;
}

/** Prunes by a plan that was already looked at. */
export function pruneLook(context: Context, look: PlanLook, given: PruneGiven) {
  return pruneByPlan(context, knownOf(look), inputsOf(look, given));
}

/** Whether nothing would be deleted even if every manifest were trusted. */
export async function deletesNothing(context: Context, look: PlanLook, given: PruneGiven): Promise<boolean> {
  const trusting = { ...inputsOf(look, given), 'allow-unsigned': true };
  const { deletions, manifests, held } = await plannedByPlan(context, knownOf(look), trusting);
  return deletions.length + manifests.length + held.length === 0;
}

/** What a run of the plan would delete now, and why; undefined if nothing, or if that is unknown. */
export async function plannedPruning(
  context: Context,
  look: PlanLook,
  given: PruneGiven,
): Promise<PrunePlan | undefined> {
  if (!prunes(given, look) || isSealed(context, look)) return undefined;
  try {
    return await plannedByPlan(context, knownOf(look), inputsOf(look, given));
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    context.host.log.warn(`cannot find out what would be deleted: ${withHint(error)}`);
    return undefined;
  }
}

function knownOf({ session, plan, manifests, project: { seen } }: PlanLook) {
  return { session, plan, manifests, seen };
}

function inputsOf({ access }: PlanLook, given: PruneGiven) {
  const { manifest, workflow, branch, identity } = given;
  return {
    ...access,
    manifest,
    workflow,
    branch,
    identity,
    'verify-key': given['verify-key'],
    'sign-key': given['sign-key'],
    'allow-unsigned': given['allow-unsigned'],
  };
}

/** The quota that the deletions give back. */
export function freedBy({ deletions }: PrunePlan, { project }: PlanLook): Need {
  const sizes = new Map(project.holdings.backups.map(({ id, size }) => [id, size]));
  const ids = deletions.flatMap(({ things }) =>
    things.flatMap(({ data }) => (data.kind === 'backup' ? [data.id] : [])),
  );
  return allNeeds(ids.map((id) => ({ backups: 1, backup_gigabytes: sizes.get(id) ?? 0 })));
}
