import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress } from 'node:zlib';
import { messageOf, OperationError } from '../errors.ts';

const compress = promisify(zstdCompress);
/** The one that `zstd` takes too. */
const LEVEL = 3;
/** Bytes that come at once. Less costs turns of the event loop, more costs memory that stays unused. */
const OUTPUT = 512 << 10;

/** Compresses into a frame of its own, on the thread pool. `zstd -d` opens frames one after the other as one file. */
export function frameOf(bytes: Uint8Array): Promise<Uint8Array> {
  return compress(bytes, {
    chunkSize: OUTPUT,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * The bytes of all frames; how many come is for the reader to bound.
 *
 * @param what for messages only
 * @throws OperationError where they are damaged or cut short
 */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const opened = createZstdDecompress({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(source, { objectMode: false }), opened, () => undefined);
  try {
    yield* opened;
  } catch (error) {
    // Those of node:zlib: ZSTD_error_…, and Z_BUF_ERROR where the end is missing.
    if (!/^Z(STD)?_/.test(String((error as { code?: unknown }).code))) throw error;
    throw new OperationError(
      `${what} is damaged: ${messageOf(error)}`,
      'It was altered or cut short: take another copy.',
      error,
    );
  }
}
