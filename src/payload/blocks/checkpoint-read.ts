import { OperationError } from '../../errors.ts';
import type { Place } from '../../store/place.ts';
import { Lines, parsedLine, TextError } from '../../stream/lines.ts';
import { decompressed } from '../../stream/zstd.ts';
import {
  CHECKPOINT_BLOCKS,
  CHECKPOINT_OBJECTS,
  type CheckpointHeader,
  ID_BYTES,
  OBJECT_BLOCKS,
  type OwnExtent,
  parsedCheckpointHeader,
  parsedObject,
  type StoredObject,
} from './format.ts';

export interface Checkpoint {
  readonly header: CheckpointHeader;
  readonly objects: readonly StoredObject[];
  readonly extents: readonly OwnExtent[];
}

/** A checkpoint in whole: it is bounded.
 *
 * @param admit throws unless the header is one to go on with; nothing behind it was read then
 * @throws OperationError if it is damaged
 */
export async function readCheckpoint(
  place: Place,
  name: string,
  admit: (header: CheckpointHeader, line: string) => void,
): Promise<Checkpoint> {
  const { bytes } = await place.get(name);
  const lines = new Lines(decompressed(bytes, `checkpoint ${name}`));
  try {
    const line = await lines.next();
    const header = parsedLine(parsedCheckpointHeader, line);
    admit(header, line);
    const objects: StoredObject[] = [];
    for await (const one of lines.part(header.objects, 'objects', CHECKPOINT_OBJECTS))
      objects.push(parsedLine((text) => parsedObject(text, header), one));
    const extents: OwnExtent[] = [];
    let reached = 0;
    for await (const one of lines.part(header.extents, 'extents', CHECKPOINT_BLOCKS + OBJECT_BLOCKS)) {
      const extent = parsedLine(parsedOwnExtent, one);
      const [start, count, object, first, ids] = extent;
      if (
        start < reached ||
        first + count > (objects[object]?.blocks ?? 0) ||
        ids.length !== count * ID_BYTES * 2
      )
        throw new TextError(`the extent at block ${start} is out of place`);
      reached = start + count;
      extents.push(extent);
    }
    await lines.end();
    return { header, objects, extents };
  } catch (error) {
    throw error instanceof TextError
      ? new OperationError(`checkpoint ${name} is damaged: ${error.message}`, 'It is not used.')
      : error;
  } finally {
    await lines.close();
  }
}

function parsedOwnExtent(line: string): OwnExtent {
  const value: unknown = JSON.parse(line);
  if (!Array.isArray(value) || value.length !== 5) throw new TypeError('an extent is not of the form');
  const [start, count, object, first, ids]: unknown[] = value;
  const numbers = [start, count, object, first];
  if (!numbers.every((n) => Number.isSafeInteger(n) && Number(n) >= 0) || count === 0)
    throw new TypeError('an extent is not of the form');
  if (typeof ids !== 'string' || !/^[0-9a-f]*$/.test(ids)) throw new TypeError('ids are not hexadecimal');
  return value as unknown as OwnExtent;
}
