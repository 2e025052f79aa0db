/** The bytes in pieces that end at these places; the same place twice makes an empty piece. */
export async function* piecesAt(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    yield bytes.subarray(at, cut);
    at = cut;
  }
}

/** All ways to cut that many bytes in three, empty pieces and both ends included. */
export function* pairs(length: number): Generator<readonly [number, number], void> {
  for (let first = 0; first <= length; first += 1)
    for (let second = first; second <= length; second += 1) yield [first, second];
}

/** That many places to cut at, in order. */
export function randomly(random: (below: number) => number, length: number, count: number): number[] {
  return Array.from({ length: count }, () => random(length + 1)).sort((one, other) => one - other);
}
