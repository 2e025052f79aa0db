import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import { isTag } from '../text/tag.ts';

/**
 * Tags that a point must all have, as restic writes them: "release,signed". Refuses an empty list, which in restic
 * means points without tags: an empty variable of a workflow would keep nearly everything.
 *
 * @throws InputError if it is not a list of tags
 */
export function parseTagList(text: string): readonly string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  if (tags.every(isTag)) return [...new Set(tags)];
  throw new InputError(
    `invalid tags ${quoted(text)}`,
    'Write one tag, or several that a point must all have: release,signed. A tag has 1 to 64 letters, digits, dots, underscores and hyphens.',
  );
}
