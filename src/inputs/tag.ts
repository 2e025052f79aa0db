import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import { isTag, MOST_TAGS } from '../text/tag.ts';
import type { Inputs, Values } from './table.ts';

/** The tags that a run gives to its restore points. */
export const tagInputs = {
  tag: {
    kind: 'list',
    placeholder: 'TAG',
    description: `The tags of the restore points that the run makes, at most ${MOST_TAGS}, each of 1 to 64 letters, digits, dots, underscores and hyphens. Pruning with \`keep-tag\` keeps what has them.`,
  },
} as const satisfies Inputs;

/** @throws InputError for an invalid tag, and for too many */
export function tagsOf({ tag: given }: Values<typeof tagInputs>): readonly string[] {
  const tags = checkedTags('tag', given);
  if (tags.length > MOST_TAGS)
    throw new InputError(
      `\`tag\` has ${tags.length} tags`,
      `A restore point has at most ${MOST_TAGS}. Nothing was changed.`,
    );
  return tags;
}

/**
 * Removes duplicates.
 *
 * @throws InputError for an invalid tag
 */
export function checkedTags(input: string, given: readonly string[]): readonly string[] {
  const wrong = given.find((text) => !isTag(text));
  if (wrong !== undefined)
    throw new InputError(
      `\`${input}\` has ${quoted(wrong)}, which is not a tag`,
      'Write 1 to 64 letters, digits, dots, underscores and hyphens. Nothing was changed.',
    );
  return [...new Set(given)];
}
