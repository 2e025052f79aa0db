import { duration } from '../clock.ts';
import type { Manifest } from '../manifest/schema.ts';
import { forMarkdown } from '../text/escape.ts';
import { toMinute } from '../text/words.ts';

/**
 * A line of a summary, so that a reader knows a year later which cloud it was.
 *
 * @param started milliseconds since the epoch in the cloud's time
 * @param ended likewise; undefined if the run was interrupted
 */
export function whereAndWhen(
  { authUrl, region, project }: Manifest['cloud'],
  started: number,
  ended: number | undefined,
): string {
  const took = ended === undefined ? 'cut short' : `took ${duration(ended - started)}`;
  return `Project **${forMarkdown(project.name)}** (${forMarkdown(project.id)}), region ${forMarkdown(region)}, cloud ${forMarkdown(authUrl)}. Started ${toMinute(started)}, ${took}.`;
}
