import { createHash, randomUUID } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import type { Opener } from '../../../../src/keys/age.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { readMap } from '../../../../src/payload/blocks/map-read.ts';
import type { Resource } from '../../../../src/payload/blocks/names.ts';
import { type DiskOptions, type SavedDisk, saveBlocks } from '../../../../src/payload/blocks/save.ts';
import type { Place } from '../../../../src/store/place.ts';
import { allOf, once } from '../../../../src/stream/chunks.ts';

export const VOLUME = { kind: 'volume', id: '5bde59c7-6c73-4c0a-8e04-335342476fc0' } as const;
export const KEY = Buffer.alloc(32, 7);

/** Numbers that look random and are the same in each run. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A block of the disk: zeros, text that shrinks, or bytes that do not. */
export function block(kind: 'zeros' | 'text' | 'noise', seed: number, size: number = BLOCK): Buffer {
  if (kind === 'zeros') return Buffer.alloc(size);
  if (kind === 'text') return Buffer.alloc(size, `${seed} is a line of text\n`);
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 32) createHash('sha256').update(`${seed} ${at}`).digest().copy(bytes, at);
  return bytes;
}

export function disk(next: (below: number) => number, blocks: number, tail: number): Buffer {
  const kinds = ['zeros', 'text', 'noise'] as const;
  const parts = Array.from({ length: blocks }, () => block(kinds[next(3)] ?? 'zeros', next(1 << 30)));
  return Buffer.concat([...parts, block(kinds[next(3)] ?? 'zeros', next(1 << 30), tail)]);
}

/** In pieces of any size. */
export async function* inPieces(bytes: Buffer, next: (below: number) => number) {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + next(next(2) === 0 ? 100_000 : 3_000_000);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

let minute = 0;

/** Saves a disk as the next point of a volume. */
export function save(
  place: Place,
  bytes: Buffer | AsyncIterable<Uint8Array>,
  options: Partial<DiskOptions> = {},
  resource: Resource = VOLUME,
): Promise<SavedDisk> {
  minute += 1;
  const taken = new Date(Date.UTC(2026, 10, 26) + minute * 60_000).toISOString();
  const facts = { resource, point: randomUUID(), taken };
  const source = Buffer.isBuffer(bytes) ? once(bytes) : bytes;
  return saveBlocks(place, facts, source, { compression: 'zstd', ...options });
}

/** A reader from the words of the format alone: it knows nothing of how ours works. */
export async function restored(place: Place, name: string, opener?: Opener): Promise<Buffer> {
  const map = await readMap(place, name);
  const disk = Buffer.alloc(map.header.disk.size);
  const opened = await Promise.all(
    map.objects.map(async (object) => {
      const stored = await allOf((await place.get(object.name)).bytes);
      if (stored.length !== object.size) throw new Error(`${object.name} has another size`);
      if (createHash('sha256').update(stored).digest('hex') !== object.sha256)
        throw new Error(`${object.name} has another digest`);
      const plain = object.to === null ? stored : await opener?.open(stored, object.name);
      return unpacked(plain ?? stored);
    }),
  );
  for await (const [start, count, object, first] of map.extents)
    opened[object]?.subarray(first * BLOCK, (first + count) * BLOCK).copy(disk, start * BLOCK);
  return disk;
}

/** All frames, by the seek table at the end. */
export function unpacked(object: Buffer): Buffer {
  const count = object.readUInt32LE(object.length - 9);
  const table = object.length - 9 - 8 * count;
  const parts: Buffer[] = [];
  let at = 0;
  for (let frame = 0; frame < count; frame += 1) {
    const size = object.readUInt32LE(table + 8 * frame);
    const part = zstdDecompressSync(object.subarray(at, at + size));
    if (part.length !== object.readUInt32LE(table + 8 * frame + 4))
      throw new Error('a frame has another size');
    parts.push(part);
    at += size;
  }
  return Buffer.concat(parts);
}
