const SUFFIX = ' (restore not finished)';
/** Of a name in Cinder and Glance. */
const LONGEST = 255;

/** How something is called until it is handed over, so that nobody takes it into use before. */
export function unfinishedName(name: string): string {
  return `${name.slice(0, LONGEST - SUFFIX.length)}${SUFFIX}`;
}

/** The name that it will have. Cinder strips names, so that of what has none loses the space of the suffix. */
export function finalName(name: string): string {
  if (name === SUFFIX.trimStart()) return '';
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}
