/** The same pieces, until the signal: then its reason is thrown. */
export async function* stoppable<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void> {
  for await (const piece of source) {
    signal?.throwIfAborted();
    yield piece;
  }
}
