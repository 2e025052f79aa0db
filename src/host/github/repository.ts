import { integer, object, text } from '../../decode.ts';
import type { Repository } from '../../ports/github.ts';
import type { Rest } from './rest.ts';

/**
 * Asks GitHub instead of reading the event: a re-run has the old event, and the repository may have become public
 * since. Every token may ask.
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
    // `internal` repositories are private, too. A missing field counts as public.
    isPublic: answer['private'] !== true,
    defaultBranch: text(answer, 'default_branch'),
  };
}
