import { InputError } from '../errors.ts';
import type { PruneInputs } from '../inputs/prune.ts';
import type { Kind } from '../manifest/points.ts';
import { parseDuration } from '../retention/duration.ts';
import type { Terms } from '../retention/judge.ts';
import { isZone } from '../retention/periods.ts';
import type { Policy } from '../retention/policy.ts';
import { isEmpty } from '../retention/rules.ts';
import { parseTagList } from '../retention/tag-list.ts';
import { quoted } from '../text/escape.ts';
import { resourceOf, type Saved } from './point.ts';

/** @throws InputError if there is no rule, or a duration, tag or zone is malformed */
export function termsOf(given: PruneInputs): Terms {
  const policy: Policy = {
    last: given['keep-last'],
    hourly: given['keep-hourly'],
    daily: given['keep-daily'],
    weekly: given['keep-weekly'],
    monthly: given['keep-monthly'],
    yearly: given['keep-yearly'],
    ...durations(given),
    tags: given['keep-tag'].map(tagList),
  };
  if (isEmpty(policy))
    throw new InputError(
      'no rules given',
      'Give one or more, such as `keep-daily: 14` with `keep-weekly: 8`. Nothing was changed.',
    );
  const { gone, timezone: zone } = given;
  if (gone !== undefined) checkedDuration('gone', gone);
  if (!isZone(zone))
    throw new InputError(
      `\`timezone\` is ${quoted(zone)}, which is not a time zone`,
      'Write UTC, or one like Europe/Berlin.',
    );
  return { policy, zone, minCopies: given['min-copies'], ...(gone === undefined ? {} : { gone }) };
}

const WITHIN = {
  'keep-within': 'within',
  'keep-within-hourly': 'withinHourly',
  'keep-within-daily': 'withinDaily',
  'keep-within-weekly': 'withinWeekly',
  'keep-within-monthly': 'withinMonthly',
  'keep-within-yearly': 'withinYearly',
} as const;

function durations(given: PruneInputs): Policy {
  const inputs = Object.keys(WITHIN) as (keyof typeof WITHIN)[];
  return Object.fromEntries(
    inputs.flatMap((input) => {
      const text = given[input];
      return text === undefined ? [] : [[WITHIN[input], checkedDuration(input, text)]];
    }),
  );
}

function tagList(text: string): readonly string[] {
  try {
    return parseTagList(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`\`keep-tag\` is ${quoted(text)}, which is not a list of tags`, error.hint);
  }
}

function checkedDuration(input: string, text: string): string {
  try {
    parseDuration(text);
    return text;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`\`${input}\` is ${quoted(text)}, which is not a duration`, error.hint);
  }
}

/**
 * The resources to prune, by kind and id.
 *
 * @returns undefined for all
 * @throws InputError if no manifest has one of them
 */
export function resourcesMeant(
  given: Pick<PruneInputs, `${Kind}s`>,
  points: readonly Saved[],
): ReadonlySet<string> | undefined {
  const meant = new Set<string>();
  let isAsked = false;
  for (const kind of ['volume', 'server', 'image', 'secret'] as const)
    for (const word of given[`${kind}s`]) {
      isAsked = true;
      const ofKind = points.filter((point) => point.kind === kind && !point.isPart);
      const found = ofKind.filter(
        ({ resource, name }) =>
          word === 'all' || resource === word.toLowerCase() || resource === word || name === word,
      );
      if (found.length === 0) throw unknown(kind, word, ofKind);
      for (const point of found) meant.add(resourceOf(point));
    }
  return isAsked ? meant : undefined;
}

const MOST_LISTED = 20;

function unknown(kind: Kind, word: string, ofKind: readonly Saved[]): InputError {
  const names = [...new Set(ofKind.map(({ name, resource }) => `${quoted(name)} (${resource})`))];
  const more = names.length - MOST_LISTED;
  return new InputError(
    `no manifest has a restore point of ${kind} ${quoted(word)}`,
    names.length === 0
      ? `They have no restore points of any ${kind}.`
      : `They have: ${names.slice(0, MOST_LISTED).join(', ')}${more > 0 ? `, and ${more} more` : ''}.`,
  );
}
