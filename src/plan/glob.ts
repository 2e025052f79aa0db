/**
 * Whether a name matches a pattern, both as characters: `*` is any characters, `?` any one, all else itself. Libraries
 * build a regular expression, which tries every way to split the name among the stars: a hostile pattern takes hours.
 * This retries only the last star, so the cost is at most the name's length times the pattern's.
 */
export function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === '*') {
      star = at;
      taken = index;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      taken += 1;
      index = taken;
      at = star + 1;
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}
