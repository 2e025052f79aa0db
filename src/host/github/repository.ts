import { integer, object, text } from '../../decode.ts';
import type { Repository } from '../../ports/github.ts';
import type { Rest } from './rest.ts';

/**
 * Asked of GitHub and not read from the event: a run that is repeated has the event of then, and the repository may have
 * become public since. Every token may ask.
 */
export async function readRepository(rest: Rest): Promise<Repository> {
  const answer = object(
    await rest.send(
      'GET /repos/{owner}/{repo}',
      {},
      {
        doing: `look at repository ${rest.here.repository}`,
        permission: 'contents: read',
      },
    ),
  );
  return {
    id: integer(answer, 'id'),
    // Of three, `internal` is for the enterprise only. What is not said counts as public.
    isPublic: answer['private'] !== true,
    defaultBranch: text(answer, 'default_branch'),
  };
}
