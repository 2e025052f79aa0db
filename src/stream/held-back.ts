/**
 * Gives each piece only once the source has another, and the last only once the source ended without an error. A
 * receiver that knows the size answers as soon as it has that many bytes: holding one piece back keeps it from having
 * them all before they are checked.
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
