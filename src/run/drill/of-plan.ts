import { InputError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { DrillWish } from '../../planfile/plan-file.ts';
import type { Context } from '../context.ts';
import { loadPlan } from '../plan/file.ts';

/**
 * The inputs, with what the plan says in their place.
 *
 * @returns `wish` and the id of the plan's project only if a plan is given
 * @throws InputError for an invalid plan, and one without drills
 */
export async function drillOfPlan(
  context: Context,
  given: DrillInputs,
): Promise<{ readonly given: DrillInputs; readonly wish?: DrillWish; readonly project?: string }> {
  if (given.plan === undefined) return { given };
  const plan = await loadPlan(context, given.plan);
  const { drill } = plan;
  if (drill === undefined)
    throw new InputError(
      `the plan ${given.plan} has no \`drill\``,
      'Write how often, such as `drill: {every: 1d}`, or leave out `plan`.',
    );
  const wish = given['by-hand'] ? { ...drill, ...drill.byHand } : drill;
  return {
    wish,
    project: plan.project,
    given: {
      ...given,
      manifest: given.manifest.length > 0 ? given.manifest : plan.publish,
      publish: given.publish.length > 0 ? given.publish : plan.publish,
      recipients: given.recipients.length > 0 ? given.recipients : plan.recipients,
      store: given.store ?? plan.store,
      cloud: given.cloud ?? plan.cloud,
      region: given.region ?? plan.region,
      project: given.project ?? (given['allow-other-project'] ? undefined : plan.project),
      level: wish.level,
      pick: wish.pick,
      'max-gigabytes': wish.maxGigabytes ?? 0,
    },
  };
}
