import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Payload } from '../../manifest/schema.ts';
import { BLOCK } from '../../payload/blocks/format.ts';
import { readMap } from '../../payload/blocks/map-read.ts';
import { pool } from '../../pool.ts';
import type { Place } from '../../store/place.ts';

/** What it takes to open payloads in a directory. */
export interface Pieces {
  /** The names in the store. */
  readonly names: readonly string[];
  /** Bytes of them as they are stored. */
  readonly stored: number;
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
  return { names: [...names.keys()], stored: [...names.values()].reduce((sum, size) => sum + size, 0), disk };
}

const AT_ONCE = 3;

/** Copies them to a directory, as any program for that store would. Whoever opens them compares them. */
export async function copyTo(
  directory: string,
  place: Place,
  { names }: Pieces,
  signal: AbortSignal,
): Promise<void> {
  await pool(names, AT_ONCE, async (name) => {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    const { bytes } = await place.get(name);
    await pipeline(Readable.from(bytes), createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
  });
}
