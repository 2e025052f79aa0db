import { InputError } from '../errors.ts';
import type { reportInputs } from '../inputs/report.ts';
import type { Values } from '../inputs/table.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { badgeOf } from '../planfile/badge.ts';
import { type Coverage, coverageOf, failuresIn, type Status } from '../planfile/coverage.ts';
import { ageOf } from '../planfile/due.ts';
import { type QuotaLeft, quotaLeft } from '../planfile/nights.ts';
import type { FailOn, PlanFile } from '../planfile/plan-file.ts';
import { FAIL_ON } from '../planfile/schema.ts';
import type { Issue } from '../ports/github.ts';
import { forMarkdown } from '../text/escape.ts';
import { type Column, formatRows } from '../text/rows.ts';
import { writeBadge } from './badge.ts';
import type { Context, Outcome } from './context.ts';
import { withHeartbeat } from './heartbeat.ts';
import { lookAtPlan, type PlanLook } from './plan-look.ts';
import { tellIssue } from './report-issue.ts';
import { failuresOf } from './saved-points.ts';

const columns = (now: number): readonly Column<Coverage>[] => [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'name', value: ({ name, id }) => name || id },
  { name: 'entry', value: ({ entry }) => entry },
  { name: 'status', value: ({ status }) => status },
  { name: 'newest', value: ({ newest }) => (newest === undefined ? '' : ageOf(Date.parse(newest), now)) },
  { name: 'key', value: ({ key }) => key },
  { name: 'chain', value: ({ chain }) => chain },
  { name: 'why', value: ({ why }) => why },
];

/** The worst first. */
const ORDER: readonly Status[] = ['failing', 'uncovered', 'stale', 'covered', 'excluded'];

/** Tells what of the project is covered by the plan, and what is not. Changes nothing. */
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

/** The same of what was looked at already. */
export async function reportOn(
  context: Context,
  given: { readonly plan: string; readonly badge: string | undefined },
  look: PlanLook,
  failOn: PlanFile['failOn'],
) {
  const { session, plan, now, project, assignments } = look;
  const failures = failuresOf(
    look.found.map(({ manifest }) => manifest),
    look.receipts,
    project.resources,
  );
  const coverage = coverageOf({
    ...look,
    failures,
    backups: project.holdings.backups,
    zone: plan.zone,
  }).toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const quota = quotaLeft(plan, assignments, await quotasFor(session, [{ backups: 1, backup_gigabytes: 1 }]));
  const counts = countsOf(coverage);
  const failed = failuresIn(coverage, failOn);
  const failure = [...failed].map(([what, count]) => `${count} ${WORDS[what]}`).join(', ');
  const head = `${Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')} in project ${session.scope.project.name} (${plan.project})`;
  const issue = await tellIssue(context, look, { coverage, failOn, failure, failures, plan: given.plan });
  const unwritten =
    given.badge === undefined || context.dryRun
      ? ''
      : await writeBadge(context, given.badge, badgeOf(counts, failure, look.now));
  return {
    outputs: {
      coverage: JSON.stringify(coverage),
      counts: JSON.stringify(counts),
      quota: JSON.stringify(quota),
      doubts: JSON.stringify(look.doubts),
    },
    failed: failure !== '' || unwritten !== '',
    failure: [failure, unwritten].filter((reason) => reason !== '').join('; '),
    printed: `${head}\n${formatRows(coverage, columns(now), 'table')}${quota.map((line) => `${quotaWords(line)}\n`).join('')}`,
    summary: summaryOf(head, coverage, columns(now), quota, failure, issue),
  } satisfies Outcome<Record<string, { readonly description: string }>>;
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

/** "9 of 10 backups used, 3 a night: enough for 0 nights while nothing is deleted". */
function quotaWords({ quota, used, max, perNight, nights }: QuotaLeft): string {
  const what = quota === 'backups' ? 'backups' : 'GB of backups';
  const use = `${used} of ${max < 0 ? 'unlimited' : max} ${what} used, ${perNight} a night`;
  return nights === undefined
    ? use
    : `${use}: enough for ${nights} night${nights === 1 ? '' : 's'} while nothing is deleted`;
}

function summaryOf(
  head: string,
  coverage: readonly Coverage[],
  all: readonly Column<Coverage>[],
  quota: readonly QuotaLeft[],
  failure: string,
  issue: Issue | undefined,
): string {
  return [
    `### ${failure === '' ? '✅' : '❌'} ${forMarkdown(head)}`,
    '',
    ...(failure === '' ? [] : [`**${forMarkdown(failure)}**`, '']),
    `| ${all.map(({ name }) => name).join(' | ')} |`,
    `|${'---|'.repeat(all.length)}`,
    ...coverage.map(
      (one) => `| ${all.map(({ value }) => forMarkdown(String(value(one) ?? ''))).join(' | ')} |`,
    ),
    '',
    ...quota.map((line) => `- ${forMarkdown(quotaWords(line))}`),
    ...(issue === undefined ? [] : [`- Issue [#${issue.number}](${issue.url})`]),
  ].join('\n');
}
