import { OperationError } from '../../errors.ts';
import type { Place, Stored } from '../../store/place.ts';
import { Lines, parsedLine, TextError } from '../../stream/lines.ts';
import { Meter } from '../../stream/meter.ts';
import { decompressed } from '../../stream/zstd.ts';
import {
  blocksIn,
  type Extent,
  type MapHeader,
  MOST_OBJECTS,
  parsedIds,
  parsedMapHeader,
  parsedObject,
  type StoredIds,
  type StoredObject,
} from './format.ts';
import { mapBytes } from './map-bytes.ts';
import { folderOf, mapName } from './names.ts';

/** A map whose first three parts were read. It is proved only once its extents have been read to their end. */
export interface OpenedMap {
  readonly header: MapHeader;
  /** The header as it stands there, for its tag. */
  readonly headerLine: string;
  readonly objects: readonly StoredObject[];
  readonly ids: readonly StoredIds[];
  /**
   * In the order of the disk, to be read once. Each lies within the disk and within its object, behind the one before
   * and, of the same object, behind the one before in that, too.
   *
   * @throws OperationError at the first that does not, or at the end if the map is not what it should be
   */
  readonly extents: AsyncGenerator<Extent, void>;
  /** Needed unless the extents were read to their end. */
  close(): Promise<void>;
}

/**
 * Opens the map of a restore point. Nothing in it is trusted: what it holds in memory and how long it takes grows with
 * the map alone.
 *
 * @param expected what a manifest says about the stored map; without it nothing but its own digests proves it, and it
 *   is to be read without waiting
 * @param admit throws unless the header is one to go on with; nothing behind it was read then
 * @throws InputError if it is not there
 * @throws OperationError if it is damaged or is another point's map
 */
export async function readMap(
  place: Place,
  name: string,
  expected?: Stored,
  admit?: (header: MapHeader, line: string) => void,
): Promise<OpenedMap> {
  const { size, bytes } = await mapBytes(place, name, expected);
  if (expected !== undefined && size !== expected.size)
    throw damagedMap(name, `it has ${size} bytes in the store, but the manifest says ${expected.size}`);
  return readMapIn(bytes, name, expected, admit);
}

/** The same of bytes that came. */
export async function readMapIn(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  expected?: Stored,
  admit?: (header: MapHeader, line: string) => void,
): Promise<OpenedMap> {
  const meter = new Meter(['sha256']);
  const lines = new Lines(decompressed(meter.through(bytes), `map ${name}`));
  const told = (error: unknown) => (error instanceof TextError ? damagedMap(name, error.message) : error);
  try {
    const headerLine = await lines.next();
    const header = parsedLine(parsedMapHeader, headerLine);
    if (mapName(folderOf(header.resource), header.taken, header.point) !== name)
      throw new TextError('it is the map of another restore point');
    admit?.(header, headerLine);
    const objects: StoredObject[] = [];
    for await (const line of lines.part(header.objects, 'objects', MOST_OBJECTS))
      objects.push(parsedLine((text) => parsedObject(text, header), line));
    const ids: StoredIds[] = [];
    for await (const line of lines.part(header.ids, 'ids', MOST_OBJECTS)) {
      const one = parsedLine((text) => parsedIds(text, header), line);
      if (one.segment <= (ids.at(-1)?.segment ?? -1)) throw new TextError('its ids are out of order');
      ids.push(one);
    }
    const extents = checkedExtents(lines, header, objects, () => {
      if (expected !== undefined && meter.digests()['sha256'] !== expected.sha256)
        throw new TextError('its SHA-256 differs from the one in the manifest');
    });
    return { header, headerLine, objects, ids, extents: retold(extents, told), close: () => lines.close() };
  } catch (error) {
    await lines.close();
    throw told(error);
  }
}

/** An error about a map, with what to do. */
export function damagedMap(name: string, why: string): OperationError {
  return new OperationError(
    `map ${name} is damaged: ${why}`,
    'Use another copy of the store, or another restore point. What was made from it is removed.',
  );
}

async function* checkedExtents(
  lines: Lines,
  header: MapHeader,
  objects: readonly StoredObject[],
  atEnd: () => void,
): AsyncGenerator<Extent, void> {
  const disk = blocksIn(header.disk.size);
  const used = new Uint32Array(objects.length);
  let [reached, blocks] = [0, 0];
  for await (const line of lines.part(header.extents, 'extents', disk)) {
    const extent = parsedLine(parsedExtent, line);
    const [start, count, object, first] = extent;
    if (start < reached || start + count > disk)
      throw new TextError(`the extent at block ${start} is out of place`);
    if (first < (used[object] ?? 0) || first + count > (objects[object]?.blocks ?? 0))
      throw new TextError(`the extent at block ${start} is not in its object`);
    reached = start + count;
    used[object] = first + count;
    blocks += count;
    yield extent;
  }
  if (blocks !== header.extents.blocks)
    throw new TextError(`it has ${blocks} of ${header.extents.blocks} blocks`);
  await lines.end();
  atEnd();
}

function parsedExtent(line: string): Extent {
  const value: unknown = JSON.parse(line);
  if (
    !Array.isArray(value) ||
    value.length !== 4 ||
    !value.every((n) => Number.isSafeInteger(n) && n >= 0) ||
    value[1] === 0
  )
    throw new TextError('an extent is not of the form');
  return value as unknown as Extent;
}

async function* retold<T>(
  source: AsyncIterable<T>,
  told: (error: unknown) => unknown,
): AsyncGenerator<T, void> {
  try {
    yield* source;
  } catch (error) {
    throw told(error);
  }
}
