const SUFFIX = ' (restore not finished)';
const EMPTY_SUFFIX = ' (restore not begun)';
/** The longest name in Cinder and Glance. */
const LONGEST = 255;

/** The name of something until it is handed over, so that nobody uses it before. */
export function unfinishedName(name: string): string {
  return withSuffix(name, SUFFIX);
}

/** The name of a volume made empty, until the restore to it is requested: it looks complete, and is not. */
export function notBegunName(name: string): string {
  return withSuffix(name, EMPTY_SUFFIX);
}

function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, LONGEST - suffix.length)}${suffix}`;
}

export function isNotBegun(name: string): boolean {
  return name.endsWith(EMPTY_SUFFIX.trimStart());
}

/** The name that it will have. Cinder strips names, so a thing without a name loses the space before the suffix. */
export function finalName(name: string): string {
  for (const suffix of [SUFFIX, EMPTY_SUFFIX]) {
    if (name === suffix.trimStart()) return '';
    if (name.endsWith(suffix)) return name.slice(0, -suffix.length);
  }
  return name;
}
