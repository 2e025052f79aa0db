import { availableParallelism } from 'node:os';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress } from 'node:zlib';
import { messageOf, OperationError } from '../errors.ts';
import { chunksOf } from './chunks.ts';

const FRAME = 4 << 20;
const ZEROS = Buffer.alloc(FRAME);
const compress = promisify(zstdCompress);
/** On the thread pool of node:zlib, which has four threads. */
const AT_ONCE = Math.min(4, Math.max(2, availableParallelism()));

/**
 * Compresses, a frame of its own for every 4 MiB, several at a time; `zstd -d` opens them as one file. node's own
 * workers inside one frame (ZSTD_c_nbWorkers) end streams too early.
 */
export async function* compressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const underWay: Promise<Uint8Array>[] = [];
  let zeros: Promise<Uint8Array> | undefined;
  for await (const { bytes } of chunksOf(source, FRAME)) {
    if (bytes.equals(ZEROS)) {
      // Disks are full of them.
      zeros ??= frame(ZEROS);
      underWay.push(zeros);
    } else underWay.push(frame(bytes));
    const first = underWay.length > AT_ONCE ? underWay.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const last of underWay) yield await last;
}

function frame(bytes: Buffer): Promise<Uint8Array> {
  const made = compress(bytes, {
    // Room for all of it: each time that it is full costs a turn of the event loop.
    chunkSize: bytes.length + (bytes.length >> 8) + 1024,
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  // Whoever awaits it is told; who was stopped before does not.
  made.catch(() => undefined);
  return made;
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
