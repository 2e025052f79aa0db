import { integer, type Json, list, object, optionalText, text } from '../../decode.ts';
import { InputError, OperationError } from '../../errors.ts';
import type { Issue, IssueChange } from '../../ports/github.ts';
import { type Doing, statusOf } from './errors.ts';
import type { Rest } from './rest.ts';

const PERMISSION = 'issues: write';
const PAGE = 100;
const HOME = '/repos/{owner}/{repo}/issues';

/**
 * Issues by this token's owner whose text begins with the marker, ordered by number.
 *
 * @param since only issues changed since then, ISO 8601
 */
export async function issuesBeginning(
  rest: Rest,
  start: string,
  { state, since }: { readonly state: 'open' | 'closed'; readonly since?: string },
): Promise<Issue[]> {
  const isOurs = await authorOf(rest);
  const found: Issue[] = [];
  for (let page = 1; ; page += 1) {
    const parameters = { state, since, sort: 'created', direction: 'asc', per_page: PAGE, page };
    const answer = await asked(rest, `GET ${HOME}`, parameters, {
      doing: 'list the issues',
      permission: PERMISSION,
    });
    const issues = list({ issues: answer }, 'issues', (issue) => issue);
    // GitHub lists pull requests as issues, too.
    for (const issue of issues)
      if (
        issue['pull_request'] === undefined &&
        (optionalText(issue, 'body') ?? '').startsWith(start) &&
        isOurs(issue)
      )
        found.push(decodeIssue(issue));
    if (issues.length < PAGE) return found.sort((a, b) => a.number - b.number);
  }
}

export async function openIssue(rest: Rest, title: string, body: string): Promise<Issue> {
  const doing = { doing: 'open an issue', permission: PERMISSION };
  return decodeIssue(object(await asked(rest, `POST ${HOME}`, { title, body }, doing)));
}

export async function changeIssue(rest: Rest, number: number, change: IssueChange): Promise<Issue> {
  const { reason, ...rests } = change;
  const doing = { doing: `change issue #${number}`, permission: PERMISSION };
  const fields = { ...rests, ...(reason === undefined ? {} : { state_reason: reason }) };
  const answer = await asked(
    rest,
    `PATCH ${HOME}/{issue_number}`,
    { issue_number: number, ...fields },
    doing,
  );
  return decodeIssue(object(answer));
}

/** A job's token may not ask who it is, because it belongs to an app: then any bot's issue counts as ours. */
async function authorOf(rest: Rest): Promise<(issue: Json) => boolean> {
  const userOf = (issue: Json) => object(issue['user'] ?? {}, 'user');
  const doing = { doing: 'see whose token it is', permission: PERMISSION };
  try {
    const login = text(object(await rest.send('GET /user', {}, doing)), 'login');
    return (issue) => userOf(issue)['login'] === login;
  } catch (error) {
    if (!(error instanceof InputError) || statusOf(error.cause) !== 403) throw error;
    return (issue) => userOf(issue)['type'] === 'Bot';
  }
}

async function asked(rest: Rest, route: string, parameters: Json, doing: Doing): Promise<unknown> {
  try {
    return await rest.send(route, parameters, doing);
  } catch (error) {
    if (!(error instanceof Error) || statusOf(error.cause) !== 410) throw error;
    throw new OperationError(
      `issues are disabled in ${rest.here.repository}`,
      'Enable them in its settings, or leave `issue: true` out of the plan.',
    );
  }
}

function decodeIssue(from: Json): Issue {
  return {
    number: integer(from, 'number'),
    body: optionalText(from, 'body') ?? '',
    url: text(from, 'html_url'),
  };
}
