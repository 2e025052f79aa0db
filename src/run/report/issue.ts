import { withHint } from '../../errors.ts';
import { marked } from '../../manifest/receipt.ts';
import {
  type IssueStep,
  type IssueText,
  issueSteps,
  issueText,
  markerOf,
  type Red,
} from '../../planfile/issue.ts';
import type { GitHub, Issue } from '../../ports/github.ts';
import type { Host } from '../../ports/host.ts';
import type { Context } from '../context.ts';
import type { PlanLook } from '../plan/look.ts';
import { runPage } from './run-page.ts';

/** An issue closed longer ago is not reopened: it was about something else. */
const AGAIN_MS = 30 * 86_400_000;

/**
 * Opens, changes or closes the repository's one issue, if the plan wants it. A failure is only a warning, because it
 * does not change the report.
 *
 * @returns the issue that is now open
 */
export async function tellIssue(
  { host, dryRun }: Pick<Context, 'host' | 'dryRun'>,
  { plan, session, now }: Pick<PlanLook, 'plan' | 'session' | 'now'>,
  report: Pick<Red, 'coverage' | 'failOn' | 'failure' | 'plan'>,
): Promise<Issue | undefined> {
  const { github, log } = host;
  if (!plan.issue || dryRun) return undefined;
  if (github === undefined) {
    log.info('no issue is written: `report: {issue: true}` of the plan works in a workflow on GitHub');
    return undefined;
  }
  try {
    const { isPublic, defaultBranch } = await github.repository();
    const { event, ref } = github.here;
    if (event?.startsWith('pull_request') || ref !== `refs/heads/${defaultBranch}`) {
      log.info(`no issue is written: this run is not on ${defaultBranch}`);
      return undefined;
    }
    const where = marked(plan.project, session.region('block-storage'));
    const project = session.scope.project.name;
    const red =
      report.failure === ''
        ? undefined
        : safe(
            issueText({ ...report, where, project, page: runPage(host, github.here), now, isPublic }),
            host,
          );
    return await settle(host, github, markerOf(where), red);
  } catch (error) {
    log.warn(`no issue was written about this report: ${withHint(error)}`);
    return undefined;
  }
}

async function settle(
  { log, clock }: Host,
  { issues }: GitHub,
  marker: string,
  red: IssueText | undefined,
): Promise<Issue | undefined> {
  const open = await issues.beginning(marker, { state: 'open' });
  const since = new Date(clock.now() - AGAIN_MS).toISOString();
  const closed =
    red === undefined || open.length > 0
      ? []
      : (await issues.beginning(marker, { state: 'closed', since })).toReversed();
  let now = red === undefined ? undefined : open[0];
  for (const step of issueSteps(red, open, closed)) {
    const done = await carryOut(issues, step);
    log.info(`issue #${done.number} ${PAST[step.do]}: ${done.url}`);
    if (step.do !== 'close') now = done;
    if (step.do !== 'open') continue;
    // Another run may have opened an issue at the same moment: both runs see both, and keep the first.
    const [first, ...others] = await issues.beginning(marker, { state: 'open' });
    for (const { number } of others) await carryOut(issues, { do: 'close', number, because: 'not_planned' });
    now = first ?? done;
  }
  return now;
}

const PAST = { open: 'opened', update: 'updated', reopen: 'reopened', close: 'closed' } as const;

function carryOut(issues: GitHub['issues'], step: IssueStep): Promise<Issue> {
  switch (step.do) {
    case 'open':
      return issues.open(step.text.title, step.text.body);
    case 'close':
      return issues.change(step.number, { state: 'closed', reason: step.because });
    default: {
      const { title, body } = step.text;
      return issues.change(step.number, { title, body, ...(step.do === 'reopen' ? { state: 'open' } : {}) });
    }
  }
}

function safe({ title, body, digest }: IssueText, { secrets }: Host): IssueText {
  return { title: secrets.redact(title), body: secrets.redact(body), digest };
}
