import { createHash, randomUUID } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Sealer } from '../../src/keys/age.ts';
import {
  BLOCK,
  type Extent,
  extentLine,
  headerLine,
  objectLine,
  type StoredObject,
} from '../../src/payload/blocks/format.ts';
import { dataName, mapName } from '../../src/payload/blocks/names.ts';
import type { BlocksFacts } from '../../src/payload/blocks/open.ts';
import type { Place } from '../../src/store/place.ts';
import { once } from '../../src/stream/chunks.ts';
import { frameOf } from '../../src/stream/zstd.ts';

export const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export interface Written {
  readonly payload: BlocksFacts;
  readonly disk: Buffer;
  readonly objects: readonly StoredObject[];
  /** For each block of the disk where it lies; undefined: zeros. */
  readonly blocks: readonly (Spot | undefined)[];
}

interface Spot {
  readonly object: StoredObject;
  readonly index: number;
}

export interface Writing {
  readonly sealer?: Sealer;
  readonly recipients?: readonly string[];
  readonly compress?: boolean;
  /** Blocks of an object. */
  readonly most?: number;
  /** Makes what is written into each object, before it is sealed, something else. */
  readonly poison?: (frames: readonly Buffer[], table: Buffer) => readonly Buffer[];
}

/**
 * Writes a restore point as docs/store-format.md says, in the plainest way, for the tests of what reads it: with objects
 * of any size. Knows nothing of ids.
 */
export async function writeBlocks(
  place: Place,
  disk: Buffer,
  base: Written | undefined,
  writing: Writing = {},
) {
  const { sealer, recipients = [], compress = true, most = 4096, poison = (f, t) => [...f, t] } = writing;
  const point = randomUUID();
  const folder = 'volume-v1';
  const taken = '2026-11-26T01:02:03Z';
  const { blocks, fresh } = comparedWith(disk, base);
  for (let number = 0; number * most < fresh.length; number += 1) {
    const own = fresh.slice(number * most, (number + 1) * most);
    const frames = own.map((at) =>
      compress ? zstdCompressSync(blockOf(disk, at)) : rawFrame(blockOf(disk, at)),
    );
    const table = tableOf(
      frames,
      own.map((at) => blockOf(disk, at).length),
    );
    const whole = Buffer.concat(poison(frames, table));
    const bytes = sealer === undefined ? whole : await sealer.seal(whole);
    const name = dataName(folder, point, number);
    const stored = await place.put(name, once(bytes));
    const object = { name, ...stored, blocks: own.length, to: sealer === undefined ? null : 0 };
    for (const [index, at] of own.entries()) blocks[at] = { object, index };
  }
  const objects = [...new Set(blocks.flatMap((spot) => spot?.object ?? []))];
  const extents = extentsOf(blocks, objects);
  const digest = { algorithm: 'sha512' as const, value: createHash('sha512').update(disk).digest('hex') };
  const text = [objects.map(objectLine).join(''), extents.map(extentLine).join('')] as const;
  const header = headerLine(
    {
      format: 'openstack-backup map',
      version: 1,
      point,
      resource: { kind: 'volume', id: 'v1' },
      taken,
      disk: { size: disk.length, block: BLOCK, digest },
      recipients: recipients.length === 0 ? [] : [recipients],
      key: null,
      refresh: { next: 0 },
      objects: { count: objects.length, sha256: sha256(text[0]) },
      ids: { count: 0, sha256: sha256('') },
      extents: {
        count: extents.length,
        sha256: sha256(text[1]),
        blocks: extents.reduce((sum, [, length]) => sum + length, 0),
      },
    },
    undefined,
  );
  const name = mapName(folder, taken, point);
  const map = await Promise.all([header, ...text].map((part) => frameOf(Buffer.from(part))));
  const stored = await place.put(name, once(Buffer.concat(map)));
  const payload: BlocksFacts = { name, size: disk.length, digest, stored };
  return { payload, disk, objects, blocks } satisfies Written;
}

const blockOf = (of: Buffer, at: number) => of.subarray(at * BLOCK, (at + 1) * BLOCK);

/** Where the blocks of a disk lie already, and which are new. */
function comparedWith(disk: Buffer, base: Written | undefined) {
  const fresh: number[] = [];
  const blocks = Array.from({ length: Math.ceil(disk.length / BLOCK) }, (_, at) => {
    const block = blockOf(disk, at);
    const before = base !== undefined && blockOf(base.disk, at).equals(block) ? base.blocks[at] : undefined;
    if (before === undefined && block.some((byte) => byte !== 0)) fresh.push(at);
    return before;
  });
  return { blocks, fresh };
}

function extentsOf(blocks: Written['blocks'], objects: readonly StoredObject[]): Extent[] {
  const extents: Extent[] = [];
  for (const [at, spot] of blocks.entries()) {
    if (spot === undefined) continue;
    const number = objects.indexOf(spot.object);
    const [start, length, object, first] = extents.at(-1) ?? [0, 0, -1, 0];
    if (start + length === at && object === number && first + length === spot.index)
      extents[extents.length - 1] = [start, length + 1, object, first];
    else extents.push([at, 1, number, spot.index]);
  }
  return extents;
}

/** RFC 8878: a frame with its size, and no window but that, of one raw block. */
function rawFrame(block: Buffer): Buffer {
  const head = Buffer.alloc(block.length < 256 ? 9 : 10);
  head.writeUInt32LE(0xfd2fb528);
  if (block.length < 256) head.set([0x20, block.length], 4);
  else {
    head[4] = 0x60;
    head.writeUInt16LE(block.length - 256, 5);
  }
  head.writeUIntLE((block.length << 3) | 1, head.length - 3, 3);
  return Buffer.concat([head, block]);
}

function tableOf(frames: readonly Buffer[], sizes: readonly number[]): Buffer {
  const table = Buffer.alloc(8 + 8 * frames.length + 9);
  table.writeUInt32LE(0x184d2a5e);
  table.writeUInt32LE(table.length - 8, 4);
  for (const [index, frame] of frames.entries()) {
    table.writeUInt32LE(frame.length, 8 + 8 * index);
    table.writeUInt32LE(sizes[index] ?? 0, 12 + 8 * index);
  }
  table.writeUInt32LE(frames.length, table.length - 9);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return table;
}

/** A disk of random blocks, text and zeros. */
export function someDisk(random: (below: number) => number, blocks: number, last = BLOCK): Buffer {
  const disk = Buffer.alloc((blocks - 1) * BLOCK + last);
  for (let at = 0; at < blocks; at += 1) {
    const block = disk.subarray(at * BLOCK, (at + 1) * BLOCK);
    const kind = random(4);
    if (kind === 0) block.fill(`line ${at}\n`);
    if (kind === 1) for (let byte = 0; byte < block.length; byte += 1) block[byte] = random(256);
    if (kind === 2) block.writeUInt8(1 + random(255), random(block.length));
  }
  return disk;
}

/** The disk with some bytes written to it, or grown. */
export function changed(random: (below: number) => number, disk: Buffer, writes: number, grown = 0): Buffer {
  const next = Buffer.concat([disk, Buffer.alloc(grown)]);
  for (let write = 0; write < writes; write += 1) {
    const at = random(next.length);
    next.fill(random(3) === 0 ? 0 : random(256), at, at + 4096);
  }
  return next;
}
