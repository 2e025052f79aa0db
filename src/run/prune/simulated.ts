import { InputError } from '../../errors.ts';
import { simulate } from '../../prune/simulate.ts';
import type { Terms } from '../../retention/judge.ts';
import { quoted } from '../../text/escape.ts';
import { formatRows } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';

const MOST_DAYS = 4000;

/** @throws InputError for an invalid number of days */
export function simulated(text: string, maxChain: number, terms: Terms, now: number) {
  const [, digits] = /^(\d{1,4})d?$/.exec(text) ?? [];
  const count = Number(digits ?? 0);
  if (count < 1 || count > MOST_DAYS)
    throw new InputError(
      `\`simulate\` is ${quoted(text)}`,
      `Write a number of days from 1 to ${MOST_DAYS}, such as 400d.`,
    );
  const { days, peak } = simulate(terms, count, maxChain, now);
  const rows = days.map((points, index) => ({ day: index + 1, points }));
  const table = formatRows(
    rows,
    [
      { name: 'day', value: ({ day }) => day },
      { name: 'points', value: ({ points }) => points },
    ],
    'table',
  );
  const tagged = (terms.policy.tags ?? []).map((tags) => tags.join(',')).join(' or ');
  const told = `with one backup a day and chains of at most ${maxChain}, a volume has at most ${counted(peak, 'backup')}${tagged === '' ? '' : `; each tagged ${tagged} stays beside them, with its chain`}`;
  return {
    outputs: { days: JSON.stringify(days), peak: String(peak) },
    failed: false,
    printed: `${table}${told}\n`,
    summary: told,
  };
}
