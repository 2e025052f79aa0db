/** Issues; pull requests stand among them, as on GitHub. */
import type { Call, Reply } from './http.ts';
import { fieldsOf, match } from './http.ts';
import { need, slice } from './rules.ts';
import type { GitHubState, Issue } from './state.ts';

/** A job's token is an app's: https://docs.github.com/rest/users/users#get-the-authenticated-user */
export function userOf({ tokenUser }: GitHubState): Reply {
  return tokenUser === undefined
    ? { status: 403, json: { message: 'Resource not accessible by integration', status: '403' } }
    : { status: 200, json: { login: tokenUser, type: 'User' } };
}

export function issues(call: Call, home: string): Reply | undefined {
  if (!call.path.startsWith(`${home}/issues`)) return undefined;
  const { state } = call;
  if (!state.hasIssues) return { status: 410, json: { message: 'Issues are disabled for this repo' } };
  // Everybody may read those of a public repository.
  if (call.method !== 'GET' || state.isPrivate)
    need(call, 'issues', call.method === 'GET' ? 'read' : 'write');
  const path = call.path.slice(home.length);
  if (path === '/issues') return call.method === 'POST' ? create(call) : list(call);
  const found = state.issues.find(
    ({ number }) => number === Number(match('/issues/:number', path)?.['number']),
  );
  if (found === undefined || call.method !== 'PATCH') return undefined;
  return change(call, found);
}

function list({ state, query }: Call): Reply {
  const since = Date.parse(query.get('since') ?? '') || 0;
  const wanted = query.get('state') ?? 'open';
  const seen = state.issues.filter(
    (issue) => (wanted === 'all' || issue.state === wanted) && issue.updated.getTime() >= since,
  );
  // The newest first unless told.
  const sorted = query.get('direction') === 'asc' ? seen : seen.toReversed();
  return { status: 200, json: slice(query, sorted).map((issue) => view(state, issue)) };
}

function create(call: Call): Reply {
  const { title, body } = fieldsOf(call.raw);
  const issue = call.state.addIssue({ title: String(title), body: String(body) });
  return { status: 201, json: view(call.state, issue) };
}

function change(call: Call, issue: Issue): Reply {
  const { title, body, state, state_reason: reason } = fieldsOf(call.raw);
  Object.assign(issue, {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { body }),
    ...(state === undefined
      ? {}
      : { state, reason: state === 'open' ? 'reopened' : (reason ?? 'completed') }),
    updated: new Date(),
  });
  return { status: 200, json: view(call.state, issue) };
}

function view({ owner, name }: GitHubState, issue: Issue): unknown {
  const { number, title, body, state, reason, user, isPull, updated } = issue;
  return {
    number,
    title,
    body,
    state,
    state_reason: reason,
    user,
    html_url: `https://github.com/${owner}/${name}/${isPull ? 'pull' : 'issues'}/${number}`,
    updated_at: updated.toISOString(),
    ...(isPull ? { pull_request: { url: '' } } : {}),
  };
}
