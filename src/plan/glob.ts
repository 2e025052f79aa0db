/**
 * Whether a name fits a pattern, both by characters: `*` any characters, `?` any one; all else is itself. A library
 * would make a regular expression of it, which tries every way to share a name among the stars: hours for a hostile one.
 * Here only the last star is ever tried again, so it costs the name's length times the pattern's at most.
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
