import { InputError, messageOf, OperationError, type PlainError } from '../../errors.ts';

/** What a request was for, for the error when it fails. */
export interface Doing {
  /** "read run 1": follows "cannot". */
  readonly doing: string;
  /** What the job's token needs for it: "actions: read". */
  readonly permission: string;
}

/** Turns an error of GitHub's REST API into one for people: what failed, what GitHub said, what to do. */
export function explain(error: unknown, { doing, permission }: Doing): PlainError {
  const status = statusOf(error);
  const said = messageOf(error).replace(/ - https:\/\/docs\.github\.com\S*/, '');
  const what = `cannot ${doing}: GitHub said ${status === undefined ? '' : `${status} `}${said}`;
  const add = `Add to the job: permissions: ${permission}`;
  if (status === 401)
    return new InputError(what, 'The token is invalid or has expired: give another `github-token`.', error);
  if (isRateLimit(error, status))
    return new OperationError(what, 'Wait until the limit is reset, or run fewer jobs at once.', error);
  if (status === 403)
    return new InputError(
      what,
      `${add}. Workflows of forks and of Dependabot may only read; an organization may forbid it too.`,
      error,
    );
  if (status === 404)
    return new InputError(
      what,
      `Check that it exists in this repository. If it does: ${add.toLowerCase()}.`,
      error,
    );
  if (status !== undefined && status < 500)
    return new OperationError(what, 'Nothing was changed there. Check what GitHub said.', error);
  return new OperationError(what, 'Run it again; if it fails again, see githubstatus.com.', error);
}

export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  // Octokit reports 500 when there was no answer at all.
  return 'response' in error && error.response !== undefined ? error.status : undefined;
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function isRateLimit(error: unknown, status: number | undefined): boolean {
  return status === 429 || (status === 403 && /rate limit/i.test(messageOf(error)));
}
