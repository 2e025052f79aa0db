import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress } from 'node:zlib';
import { messageOf, OperationError } from '../errors.ts';
import { ForeignFrameError, Frame, FrameError } from './zstd-frame.ts';

const compress = promisify(zstdCompress);
/** The default of `zstd`. */
const LEVEL = 3;
/** Bytes per output buffer. Fewer cost turns of the event loop, more cost memory that stays unused. */
const OUTPUT = 512 << 10;

/** Compresses into a frame of its own, on the thread pool. `zstd -d` opens consecutive frames as one file. */
export function frameOf(bytes: Uint8Array): Promise<Uint8Array> {
  return compress(bytes, {
    chunkSize: OUTPUT,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * The decompressed bytes of all frames; the reader must bound how many it takes.
 *
 * @param source in pieces of any size
 * @param what for messages only
 * @throws OperationError if they are damaged or cut short
 */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const opened = createZstdDecompress({ chunkSize: 256 * 1024 });
  const given = { bytes: 0, all: false };
  pipeline(Readable.from(framed(source, given)), opened, () => undefined);
  try {
    yield* opened;
    // Nothing else would notice if the decompressor saw an end where the headers see none.
    if (!given.all || opened.bytesWritten !== given.bytes)
      throw new FrameError(`it ends after ${opened.bytesWritten} bytes`);
  } catch (error) {
    throw told(error, what);
  }
}

/**
 * The frames, cut so that none begins within a piece: if more follows in the same piece, node's decompressor may
 * silently take the end of a frame for the end of the stream. https://github.com/nodejs/node/issues/64741
 *
 * @param given counts the bytes passed on
 */
async function* framed(
  source: AsyncIterable<Uint8Array>,
  given: { bytes: number; all: boolean },
): AsyncGenerator<Uint8Array, void> {
  let frame = new Frame(0);
  for await (const piece of source)
    for (let at = 0; at < piece.length; ) {
      if (frame.ended) frame = new Frame(given.bytes);
      const count = frame.take(piece.subarray(at));
      given.bytes += count;
      yield piece.subarray(at, at + count);
      at += count;
    }
  if (!frame.ended) throw new FrameError(`it is cut short after ${given.bytes} bytes`);
  given.all = true;
}

function told(error: unknown, what: string): unknown {
  if (error instanceof ForeignFrameError)
    return new OperationError(
      `${what} cannot be opened here: ${error.message}`,
      'Another program made it, or it was altered: unpack it with `zstd -d`, whose options `--long=31` and `-D` allow that.',
      error,
    );
  // Errors of node:zlib: ZSTD_error_…, and Z_BUF_ERROR if the end is missing.
  if (!(error instanceof FrameError) && !/^Z(STD)?_/.test(String((error as { code?: unknown }).code)))
    return error;
  return new OperationError(
    `${what} is damaged: ${messageOf(error)}`,
    'It was altered or cut short: use another copy.',
    error,
  );
}
