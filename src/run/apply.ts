import type { ApplyInputs } from '../inputs/apply.ts';
import { duePartsOf } from '../planfile/parts.ts';
import { forMarkdown } from '../text/escape.ts';
import type { Context } from './context.ts';
import { withKind } from './due-kind.ts';
import { type Part, partOf } from './part.ts';
import { lookAtPlan, type PlanLook } from './plan-look.ts';
import { showLook } from './plan-show.ts';
import { openPlaces } from './publishing.ts';
import { saveParts } from './saving.ts';

/** So many at the same time, as the commands have it. */
const AT_ONCE = 4;

/** Carries out a plan: saves what is due, each entry and kind after the other, into one manifest. */
export async function applyPlan(context: Context, given: ApplyInputs) {
  const look = await lookAtPlan(context, given);
  if (context.dryRun) {
    const shown = await showLook(context, look);
    return { ...shown, outputs: {}, plan: shown.plan };
  }
  for (const doubt of look.doubts) context.host.log.warn(doubt);
  const parts = await partsOf(context, look);
  const due = String(parts.reduce((sum, { subjects }) => sum + subjects.length, 0));
  if (parts.length === 0) return nothingDue(context, look);
  const { publish, recipients } = look.plan;
  const saving = { ...given, publish, recipients };
  const places = await openPlaces(context, saving);
  const saved = await saveParts(context, { session: look.session, places, given: saving }, parts);
  return { ...saved, outputs: { ...saved.outputs, due } };
}

async function partsOf(context: Context, { plan, duties }: PlanLook): Promise<Part[]> {
  const parts: Part[] = [];
  for (const part of duePartsOf(duties, plan.entries)) {
    const subjects = part.duties.map(({ resource: { kind, id, name } }) => ({ kind, id, name }));
    parts.push(
      await withKind(context, plan, part, (kind, wishes) => partOf(kind, wishes, AT_ONCE, subjects)),
    );
  }
  return parts;
}

function nothingDue({ host }: Context, { duties, session }: PlanLook) {
  const { name } = session.scope.project;
  const told = `nothing is due in project ${name}: ${duties.length} of ${duties.length} are as recent as the plan wants`;
  host.log.info(told);
  return { outputs: { due: '0' }, failed: false, summary: `### ${forMarkdown(told)}` };
}
