/** What a tag of a restore point may be: it stands bare in lists, in tables and in the metadata of a backup. */
export const TAG_FORM = '^[A-Za-z0-9._-]{1,64}$';
/** How many tags a restore point has at most. */
export const MOST_TAGS = 16;

const FORM = new RegExp(TAG_FORM);

export function isTag(text: string): boolean {
  return FORM.test(text);
}
