import { field, object, text } from '../../decode.ts';
import type { Rest } from './rest.ts';

const PERMISSION = 'contents: read';

/**
 * The last commit of a branch; undefined if there is no such branch. Asks for the ref as a branch, because a bare name
 * also matches a tag.
 */
export async function tipOf(rest: Rest, branch: string): Promise<string | undefined> {
  const answer = await rest.find(
    'GET /repos/{owner}/{repo}/branches/{branch}',
    { branch },
    { doing: `look at branch ${branch}`, permission: PERMISSION },
  );
  return answer === undefined ? undefined : text(field(object(answer), 'commit'), 'sha');
}

/**
 * Whether `commit` is in the history of `tip`.
 * https://docs.github.com/rest/commits/commits#compare-two-commits
 */
export async function isBehind(rest: Rest, commit: string, tip: string): Promise<boolean> {
  if (commit === tip) return true;
  const answer = await rest.find(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { basehead: `${tip}...${commit}`, per_page: 1 },
    { doing: `check whether commit ${commit} is on the branch`, permission: PERMISSION },
  );
  return answer !== undefined && ['behind', 'identical'].includes(text(object(answer), 'status'));
}
