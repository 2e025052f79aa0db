/** In names of this module: a global's own name is looked up anew at each use in jest's contexts, ten times as slow. */
const { floor, imul } = Math;

/** Numbers from 0 to below 1. */
export type Random = () => number;

/**
 * Random numbers, the same for the same seed, a whole number.
 *
 * https://en.wikipedia.org/wiki/Mulberry32
 */
export function fractions(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same, whole: from 0 to below `below`. */
export function seeded(seed: number): (below: number) => number {
  const random = fractions(seed);
  return (below) => floor(random() * below);
}
