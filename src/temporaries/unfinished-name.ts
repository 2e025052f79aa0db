const SUFFIX = ' (restore not finished)';
const EMPTY_SUFFIX = ' (restore not begun)';
/** Of a name in Cinder and Glance. */
const LONGEST = 255;

/** How something is called until it is handed over, so that nobody takes it into use before. */
export function unfinishedName(name: string): string {
  return withSuffix(name, SUFFIX);
}

/** How a volume is called that was made empty, until the restore to it is asked for: it looks whole, and is not. */
export function notBegunName(name: string): string {
  return withSuffix(name, EMPTY_SUFFIX);
}

function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, LONGEST - suffix.length)}${suffix}`;
}

export function isNotBegun(name: string): boolean {
  return name.endsWith(EMPTY_SUFFIX.trimStart());
}

/** The name that it will have. Cinder strips names, so that of what has none loses the space of the suffix. */
export function finalName(name: string): string {
  for (const suffix of [SUFFIX, EMPTY_SUFFIX]) {
    if (name === suffix.trimStart()) return '';
    if (name.endsWith(suffix)) return name.slice(0, -suffix.length);
  }
  return name;
}
