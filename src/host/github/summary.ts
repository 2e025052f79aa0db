import { forMarkdown } from '../../text/escape.ts';

/** GitHub drops a summary that is longer as a whole: https://docs.github.com/actions/reference/limits */
const LONGEST = 1024 * 1024;
const NOTE = '\n\n*Truncated: a job summary holds 1 MiB. The manifest has everything.*\n';

/** A summary that GitHub takes: cut at the end of a line, which says so. */
export function fitSummary(markdown: string, longest = LONGEST): string {
  const bytes = Buffer.from(markdown.endsWith('\n') ? markdown : `${markdown}\n`, 'utf8');
  if (bytes.length <= longest) return bytes.toString('utf8');
  const room = longest - Buffer.byteLength(NOTE);
  const end = bytes.lastIndexOf('\n', room - 1);
  return bytes.subarray(0, Math.max(0, end)).toString('utf8') + NOTE;
}

/** Why a step did nothing, or came to no end: whoever opens the run's page sees it there first. */
export function failureSummary(
  action: string,
  { message, hint, exitCode }: { readonly message: string; readonly hint: string; readonly exitCode: 1 | 2 },
): string {
  const title = exitCode === 2 ? 'was not started, and nothing was changed' : 'failed';
  const lines = [`### ${action} ${title}`, forMarkdown(message), ...(hint === '' ? [] : [forMarkdown(hint)])];
  return fitSummary(lines.join('\n\n'));
}
