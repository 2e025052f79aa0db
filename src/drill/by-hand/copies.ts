import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, OperationError, PlainError } from '../../errors.ts';
import type { Payload } from '../../manifest/schema.ts';
import { BLOCK } from '../../payload/blocks/format.ts';
import { readMap } from '../../payload/blocks/map-read.ts';
import { pool } from '../../pool.ts';
import type { Place } from '../../store/place.ts';

/** What it takes to open payloads in a directory. */
export interface Pieces {
  /** What is in the store, and how many bytes that has. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** Bytes of the largest disk, without its zeros: `read-store.py` puts it together in a file. */
  readonly disk: number;
}

/**
 * Reads the maps alone.
 *
 * @throws InputError or OperationError for a map that is missing or damaged
 */
export async function piecesOf(place: Place, payloads: readonly Payload[]): Promise<Pieces> {
  const names = new Map<string, number>();
  let disk = 0;
  for (const payload of payloads) {
    names.set(payload.name, payload.stored.size);
    if (payload.layout === 'file') continue;
    const map = await readMap(place, payload.name, payload.stored);
    for (const { name, size } of map.objects) names.set(name, size);
    await map.close();
    disk = Math.max(disk, map.header.extents.blocks * BLOCK);
  }
  return { files: [...names].map(([name, size]) => ({ name, size })), disk };
}

const AT_ONCE = 3;

/** Copies them to a directory, as any program for that store would. Whoever opens them compares them. */
export async function copyTo(
  directory: string,
  place: Place,
  { files }: Pieces,
  signal: AbortSignal,
): Promise<void> {
  await pool(files, AT_ONCE, async ({ name, size }) => {
    const path = join(directory, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      const { bytes } = await place.get(name);
      const bounded = Readable.from(noMore(bytes, size, name));
      await pipeline(bounded, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
    } catch (error) {
      if (error instanceof PlainError || signal.aborted) throw error;
      throw new OperationError(`cannot copy ${name} to ${directory}: ${messageOf(error)}`, undefined, error);
    }
  });
}

/** A store may say anything, and this disk is not endless. */
async function* noMore(bytes: AsyncIterable<Uint8Array>, size: number, name: string) {
  let left = size;
  for await (const piece of bytes) {
    left -= piece.length;
    if (left < 0) throw new OperationError(`${name} is damaged: it has more than ${size} bytes`);
    yield piece;
  }
}
