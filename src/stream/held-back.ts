/**
 * Gives each piece only when the source has one more, and the last only when the source has ended without an error. Who
 * is told the size answers as soon as it has so many bytes: with this, nobody has them all before they are checked.
 */
export async function* heldBack(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let last: Uint8Array | undefined;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    if (last !== undefined) yield last;
    last = piece;
  }
  if (last !== undefined) yield last;
}
