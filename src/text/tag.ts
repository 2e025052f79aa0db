/** The form of a restore point's tag: it is used unquoted in lists, in tables and in the metadata of a backup. */
export const TAG_FORM = '^[A-Za-z0-9._-]{1,64}$';
/** The most tags that a restore point may have. */
export const MOST_TAGS = 16;

const FORM = new RegExp(TAG_FORM);

export function isTag(text: string): boolean {
  return FORM.test(text);
}
