import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperationError } from '../errors.ts';

/**
 * Streams bytes to standard output, which stays open.
 *
 * @throws OperationError if whoever reads it stops
 */
export async function toOutput(
  bytes: AsyncIterable<Uint8Array>,
  output: Writable,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pipeline(Readable.from(bytes, { objectMode: false }), output, { end: false, signal });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EPIPE') throw error;
    throw new OperationError(
      'whoever reads standard output stopped before its end',
      'What was written is not the whole disk: run it again.',
      error,
    );
  }
}
