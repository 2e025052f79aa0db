import { setImmediate } from 'node:timers/promises';

const PIECE = Buffer.alloc(1 << 20);

/**
 * Zeros in pieces of at most 1 MiB. Nothing is waited for to make them, so between two there is time for whatever else
 * goes on: signals, deadlines, and records that must be renewed.
 */
export async function* zeros(count: number): AsyncGenerator<Buffer, void> {
  for (let left = count; left > 0; left -= Math.min(left, PIECE.length)) {
    yield PIECE.subarray(0, Math.min(left, PIECE.length));
    await setImmediate();
  }
}
