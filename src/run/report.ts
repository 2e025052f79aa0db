import { alarmsIn, alarmTold } from '../catalog/changes.ts';
import { InputError } from '../errors.ts';
import type { reportInputs } from '../inputs/report.ts';
import type { Values } from '../inputs/table.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { badgeOf } from '../planfile/badge.ts';
import { type Coverage, coverageOf, coverageRecord, failuresIn, type Status } from '../planfile/coverage.ts';
import { quotaLeft } from '../planfile/nights.ts';
import type { FailOn, PlanFile } from '../planfile/plan-file.ts';
import { proofsOf } from '../planfile/proof.ts';
import { FAIL_ON } from '../planfile/schema.ts';
import type { Context } from './context.ts';
import { drillsIn } from './drill/drills-in.ts';
import { lookAtPlan, type PlanLook } from './plan/look.ts';
import { failuresOf } from './reading/saved-points.ts';
import { writeBadge } from './report/badge.ts';
import { withHeartbeat } from './report/heartbeat.ts';
import { tellIssue } from './report/issue.ts';
import { printedReport, reportSummary } from './report/show.ts';

/** The worst first. */
const ORDER: readonly Status[] = ['failing', 'uncovered', 'stale', 'covered', 'excluded'];

/** Reports what the plan covers of the project, and what it does not. Changes nothing in the cloud. */
export function reportCoverage(context: Context, given: Values<typeof reportInputs>) {
  const failOn = failOnOf(given['fail-on']);
  return withHeartbeat(context, given.heartbeat, () => lookAndReport(context, given, failOn));
}

async function lookAndReport(
  context: Context,
  given: Values<typeof reportInputs>,
  failOn: PlanFile['failOn'] | undefined,
) {
  const look = await lookAtPlan(context, given);
  for (const doubt of look.doubts) context.host.log.warn(doubt);
  return reportOn(context, given, look, failOn ?? look.plan.failOn);
}

/** Reports on a plan that was already looked at. */
export async function reportOn(
  context: Context,
  given: { readonly plan: string; readonly badge: string | undefined },
  look: PlanLook,
  failOn: PlanFile['failOn'],
) {
  const { session, plan, project, assignments } = look;
  const coverage = coverageOf({
    ...look,
    failures: failuresOf(
      look.found.map(({ manifest }) => manifest),
      look.receipts,
      project.resources,
    ),
    backups: project.holdings.backups,
    zone: plan.zone,
    proofs: proofsOf(drillsIn(look.found, look.now)),
    drill: plan.drill,
  }).toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const quota = quotaLeft(plan, assignments, await quotasFor(session, [{ backups: 1, backup_gigabytes: 1 }]));
  const counts = countsOf(coverage);
  const failed = failuresIn(coverage, failOn);
  const failure = [...failed].map(([what, count]) => `${count} ${WORDS[what]}`).join(', ');
  const head = `${Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')} in project ${session.scope.project.name} (${plan.project})`;
  const issue = await tellIssue(context, look, { coverage, failOn, failure, plan: given.plan });
  const unwritten =
    given.badge === undefined || context.dryRun
      ? ''
      : await writeBadge(context, given.badge, badgeOf(counts, failure, look.now));
  const reasons = [failure, unwritten].filter((reason) => reason !== '').join('; ');
  const alarms = alarmsIn(
    look.found.map(({ manifest }) => manifest),
    new Set(plan.accept),
  );
  const told = { head, coverage, quota, failure, issue, alarms: alarms.map(alarmTold) };
  return {
    outputs: {
      coverage: JSON.stringify(coverage.map(coverageRecord)),
      counts: JSON.stringify(counts),
      quota: JSON.stringify(quota),
      doubts: JSON.stringify(look.doubts),
      alarms: JSON.stringify(alarms),
    },
    failed: reasons !== '',
    failure: reasons,
    printed: `${printedReport(told)}${reasons === '' ? '' : `failed: ${reasons}\n`}`,
    summary: reportSummary(told),
    told,
  };
}

function countsOf(coverage: readonly Coverage[]): Readonly<Record<Status, number>> {
  const counts = { failing: 0, uncovered: 0, stale: 0, covered: 0, excluded: 0 };
  for (const { status } of coverage) counts[status] += 1;
  return counts;
}

const WORDS: Readonly<Record<FailOn, string>> = {
  uncovered: 'not covered',
  stale: 'stale',
  failing: 'failing',
  'unsaved-key': 'encrypted, with a key that was not saved',
  unproved: 'not proved by a drill for too long',
};

/** @throws InputError */
function failOnOf(given: readonly string[]): PlanFile['failOn'] | undefined {
  if (given.length === 0) return undefined;
  if (given.length === 1 && given[0] === 'none') return [];
  return given.map((word) => {
    const known = FAIL_ON.find((one) => one === word);
    if (known === undefined)
      throw new InputError(
        `\`fail-on\` is "${word}": use ${FAIL_ON.join(', ')}, or none`,
        'Nothing was changed.',
      );
    return known;
  });
}
