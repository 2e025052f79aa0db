/** Beyond this many slips, it is another word and not a typo. */
const FURTHEST = 3;

/** The word that a person may have meant: the one with the fewest slips, if they are few for its length. */
export function nearest(word: string, all: Iterable<string>): string | undefined {
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const one of all) {
    const slips = slipsBetween(word, one);
    if (slips <= Math.min(FURTHEST, one.length / 2) && slips < (best?.slips ?? Infinity))
      best = { word: one, slips };
  }
  return best?.word;
}

/** Counts letters that are wrong, missing, extra or swapped (the "optimal string alignment" distance). */
function slipsBetween(from: string, to: string): number {
  // A word on the command line can have any length; ours are short.
  if (Math.abs(from.length - to.length) > FURTHEST) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      let slips = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        slips = Math.min(slips, (before[j - 2] ?? 0) + 1);
      next.push(slips);
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? Infinity;
}
