import type { Opener } from '../../keys/age.ts';
import type { BlocksPayload } from '../../manifest/schema.ts';
import type { Place } from '../../store/place.ts';
import { DigestsBeside } from '../../stream/digests.ts';
import { keepReadersHeapSmall } from '../../stream/young-heap.ts';
import { BLOCK } from './format.ts';
import { Unpacker } from './frames.ts';
import { needAll } from './lacking.ts';
import { damagedMap, readMap } from './map-read.ts';
import { OpenObjects, type Survey } from './open-objects.ts';
import { Outgoing } from './outgoing.ts';

/** Bytes that the objects which are open at once may hold. */
const BUDGET = 96 << 20;
/** Bytes of the disk that are given out at once: each piece costs every reader a turn. */
const PIECE = 16 * BLOCK;

/** What a manifest says about a payload of blocks. */
export type BlocksFacts = Pick<BlocksPayload, 'name' | 'size' | 'digest' | 'stored'>;

/**
 * The disk of a restore point, zeros included. Reads each object once, and holds the same memory whatever the size and
 * however many runs the blocks come from. Ends cleanly only if the disk is what the manifest says: so use nothing made
 * from the bytes before the end.
 *
 * @param opener for a sealed payload
 * @throws InputError if the map is not in the store, or an object is sealed to others
 * @throws OperationError if something is missing or damaged
 */
export async function* openBlocks(
  place: Place,
  payload: BlocksFacts,
  opener: Opener | undefined,
  budget: number = BUDGET,
): AsyncGenerator<Uint8Array, void> {
  keepReadersHeapSmall();
  const { size, digest } = payload;
  const survey = await surveyed(place, payload, opener);
  const map = await readMap(place, payload.name, payload.stored);
  const objects = new OpenObjects(place, map.objects, opener, survey, budget);
  const unpacker = new Unpacker();
  const outgoing = new Outgoing(size, PIECE);
  const hash = new DigestsBeside([digest.algorithm], size);
  const hashed = async (piece: Buffer) => {
    await hash.add(piece);
    return piece;
  };
  try {
    for await (const [start, count, object, first] of map.extents) {
      for await (const piece of outgoing.zeros(start * BLOCK)) yield await hashed(piece);
      const reader = objects.use(object);
      // Not for who only looks at the beginning.
      if (outgoing.at >= PIECE) objects.prefetch(object);
      for (let index = first; index < first + count; index += 1) {
        const frame = await reader.block(index, first + count - 1);
        const length = Math.min(BLOCK, size - outgoing.at);
        const piece = outgoing.add(unpacker.block(frame, length, reader.name));
        if (piece === undefined) continue;
        yield await hashed(piece);
        objects.prefetch(object);
      }
      await objects.used(object);
    }
    for await (const piece of outgoing.zeros(size)) yield await hashed(piece);
    const [value] = await hash.digests();
    if (value !== digest.value)
      throw damagedMap(
        payload.name,
        `the ${digest.algorithm} of its disk differs from the one in the manifest`,
      );
  } finally {
    await Promise.all([map.close(), hash.close()]);
  }
}

/** Reads the map before anything is made from it: it is proved then, and tells how to share the memory. */
async function surveyed(place: Place, payload: BlocksFacts, opener: Opener | undefined): Promise<Survey> {
  const { name, size, digest, stored } = payload;
  const map = await readMap(place, name, stored);
  const uses = new Uint32Array(map.objects.length);
  const [begin, end] = [new Float64Array(uses.length), new Float64Array(uses.length)];
  let number = 0;
  for await (const [, , object] of map.extents) {
    number += 1;
    if (uses[object] === 0) begin[object] = number;
    uses[object] = (uses[object] ?? 0) + 1;
    end[object] = number;
  }
  const { disk, recipients } = map.header;
  if (disk.size !== size || disk.digest.algorithm !== digest.algorithm || disk.digest.value !== digest.value)
    throw damagedMap(name, 'its disk is not the one in the manifest');
  if (recipients.length > 0 && opener === undefined)
    throw damagedMap(name, 'its objects are sealed, but the manifest says that they are not');
  await needAll(place, name, map.objects);
  return { uses, width: widest(begin.sort(), end.sort()) };
}

/** How many of some intervals overlap at most, from their sorted begins and ends, both included. */
function widest(begin: Float64Array, end: Float64Array): number {
  let [width, ended] = [0, 0];
  for (const [begun, at] of begin.entries()) {
    while ((end[ended] ?? at) < at) ended += 1;
    width = Math.max(width, begun + 1 - ended);
  }
  return width;
}
