import { forMarkdown } from '../../text/escape.ts';

/** GitHub drops a longer summary entirely: https://docs.github.com/actions/reference/limits */
const LONGEST = 1024 * 1024;
const NOTE = '\n\n*Truncated: a job summary holds 1 MiB. The manifest has everything.*\n';

/** Cuts a summary to what GitHub takes, at the end of a line, and adds a note. */
export function fitSummary(markdown: string, longest = LONGEST): string {
  const bytes = Buffer.from(markdown.endsWith('\n') ? markdown : `${markdown}\n`, 'utf8');
  if (bytes.length <= longest) return bytes.toString('utf8');
  const room = longest - Buffer.byteLength(NOTE);
  const end = bytes.lastIndexOf('\n', room - 1);
  return bytes.subarray(0, Math.max(0, end)).toString('utf8') + NOTE;
}

/** Why a step did nothing or did not finish: the first thing that a reader of the run's page sees. */
export function failureSummary(
  action: string,
  { message, hint, exitCode }: { readonly message: string; readonly hint: string; readonly exitCode: 1 | 2 },
): string {
  const title = exitCode === 2 ? 'was not started, and nothing was changed' : 'failed';
  const lines = [`### ${action} ${title}`, forMarkdown(message), ...(hint === '' ? [] : [forMarkdown(hint)])];
  return fitSummary(lines.join('\n\n'));
}
