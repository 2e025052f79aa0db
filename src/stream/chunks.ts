import { copyInto } from './shared.ts';

/** A piece of a stream, and whether it is the last one. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** The stream in pieces of exactly `size` bytes; the last may be shorter. An empty stream is one empty piece. */
export async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Chunk, void> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const piece of source) {
    let rest = piece;
    while (held + rest.length > size) {
      const fill = size - held;
      yield { bytes: joined([...parts, rest.subarray(0, fill)]), last: false };
      rest = rest.subarray(fill);
      parts = [];
      held = 0;
    }
    if (rest.length > 0) {
      parts.push(rest);
      held += rest.length;
    }
  }
  yield { bytes: joined(parts), last: true };
}

/** A single piece is not copied. */
function joined(parts: readonly Uint8Array[]): Buffer {
  const [only, ...more] = parts;
  return only !== undefined && more.length === 0
    ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
    : Buffer.concat(parts);
}

/**
 * The stream in pieces, copied into memory that is reused.
 *
 * @param room gives the memory for the next piece once it is free; always of one size
 */
export async function* filled(
  source: AsyncIterable<Uint8Array>,
  room: () => Promise<Buffer>,
): AsyncGenerator<Chunk, void> {
  let into = await room();
  let held = 0;
  for await (const piece of source)
    for (let at = 0; at < piece.length; ) {
      if (held === into.length) {
        yield { bytes: into, last: false };
        into = await room();
        held = 0;
      }
      const part = piece.subarray(at, at + into.length - held);
      copyInto(into, held, part);
      held += part.length;
      at += part.length;
    }
  yield { bytes: into.subarray(0, held), last: true };
}

/**
 * Lets a generator work on while its reader is busy with an item.
 *
 * @param count how many items it may be ahead
 */
export async function* ahead<T>(source: AsyncGenerator<T, void>, count: number): AsyncGenerator<T, void> {
  const ask = () => {
    const item = source.next();
    // Readers who get that far see the error; those who stopped before do not care.
    item.catch(() => undefined);
    return item;
  };
  const asked = Array.from({ length: count }, ask);
  try {
    for (;;) {
      asked.push(ask());
      const item = await asked.shift();
      if (item === undefined || item.done) return;
      yield item.value;
    }
  } finally {
    await source.return();
  }
}

/**
 * Looks at the first bytes of a stream.
 *
 * @param need how many bytes are wanted; asked again with what came until it is content
 * @returns at least as many as wanted, or all of a shorter stream; and the whole stream, these bytes included
 */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  need: (head: Buffer) => number,
): Promise<{ readonly head: Buffer; readonly stream: AsyncGenerator<Uint8Array, void> }> {
  const pieces = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  for (let wanted = need(head); head.length < wanted; wanted = need(head)) {
    const parts: Uint8Array[] = [head];
    let next: IteratorResult<Uint8Array> | undefined;
    for (let held = head.length; held < wanted; held += next.value.length) {
      next = await pieces.next();
      if (next.done) break;
      parts.push(next.value);
    }
    head = Buffer.concat(parts);
    if (next?.done) break;
  }
  return { head, stream: resumed(head, pieces) };
}

/**
 * Closes the source when it is returned, even before the first read: a generator that never began runs no `finally`.
 */
function resumed(head: Uint8Array, pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const whole = (async function* (): AsyncGenerator<Uint8Array, void> {
    if (head.length > 0) yield head;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  })();
  const close = async (): Promise<IteratorReturnResult<undefined>> => {
    await pieces.return?.();
    await whole.return();
    return { done: true, value: undefined };
  };
  return {
    next: () => whole.next(),
    return: close,
    throw: async (error: unknown) => {
      await close();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => {
      await close();
    },
  };
}

/** The stream without its first bytes. */
export async function* skip(
  source: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void> {
  let left = count;
  for await (const piece of source) {
    if (piece.length > left) yield piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

export async function allOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
