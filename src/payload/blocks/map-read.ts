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
  /** Reads the extents to their end for what they would throw. Instead of reading them. */
  prove(): Promise<void>;
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
    const groups = checkedExtents(lines, header, objects, () => {
      if (expected !== undefined && meter.digests()['sha256'] !== expected.sha256)
        throw new TextError('its SHA-256 differs from the one in the manifest');
    });
    return {
      header,
      headerLine,
      objects,
      ids,
      extents: extentsOf(groups, told),
      prove: () => proved(groups, told),
      close: () => lines.close(),
    };
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

/** Four numbers an extent, many extents at once. */
async function* checkedExtents(
  lines: Lines,
  header: MapHeader,
  objects: readonly StoredObject[],
  atEnd: () => void,
): AsyncGenerator<Float64Array, void> {
  const disk = blocksIn(header.disk.size);
  const used = new Uint32Array(objects.length);
  let [reached, blocks] = [0, 0];
  for await (const group of lines.groups(header.extents, 'extents', disk)) {
    const numbers = numbersIn(group);
    for (let at = 0; at < numbers.length; at += 4) {
      const [start, count, object, first] = extentAt(numbers, at);
      if (start < reached || start + count > disk)
        throw new TextError(`the extent at block ${start} is out of place`);
      if (first < (used[object] ?? 0) || first + count > (objects[object]?.blocks ?? 0))
        throw new TextError(`the extent at block ${start} is not in its object`);
      reached = start + count;
      used[object] = first + count;
      blocks += count;
    }
    yield numbers;
  }
  if (blocks !== header.extents.blocks)
    throw new TextError(`it has ${blocks} of ${header.extents.blocks} blocks`);
  await lines.end();
  atEnd();
}

function extentAt(numbers: Float64Array, at: number): Extent {
  return [numbers[at] ?? 0, numbers[at + 1] ?? 0, numbers[at + 2] ?? 0, numbers[at + 3] ?? 0];
}

const [OPEN, COMMA, CLOSE, NEWLINE, ZERO, NINE] = [...Buffer.from('[,]\n09')] as [
  number,
  number,
  number,
  number,
  number,
  number,
];
/** A shorter line has no four numbers: `[0,1,0,0]\n`. */
const SHORTEST = 10;

/**
 * The numbers of whole lines as we write them, from their bytes: a map may have millions. A line that is written in
 * another way is read as JSON, or refused.
 */
function numbersIn(lines: Buffer): Float64Array {
  const numbers = new Float64Array(4 * Math.ceil(lines.length / SHORTEST) + 4);
  let found = 0;
  for (let at = 0; at < lines.length; found += 4) {
    const end = numbersAt(lines, at, numbers, found);
    if (end > 0) at = end;
    else {
      const next = lines.indexOf(NEWLINE, at);
      numbers.set(parsedLine(parsedExtent, lines.toString('utf8', at, next)), found);
      at = next + 1;
    }
  }
  return numbers.subarray(0, found);
}

/** @returns where the next line begins; 0 if this one is not as we write it */
function numbersAt(lines: Buffer, begin: number, into: Float64Array, to: number): number {
  let at = begin;
  for (let field = 0; field < 4; field += 1) {
    if (lines[at] !== (field === 0 ? OPEN : COMMA)) return 0;
    at += 1;
    const first = at;
    let value = 0;
    for (let digit = lines[at] ?? 0; digit >= ZERO && digit <= NINE; digit = lines[at] ?? 0) {
      value = value * 10 + digit - ZERO;
      at += 1;
    }
    // No number, one that JSON does not know, or one that may not be exact.
    if (at === first || at - first > 15 || (lines[first] === ZERO && at - first > 1)) return 0;
    into[to + field] = value;
  }
  return lines[at] === CLOSE && lines[at + 1] === NEWLINE && into[to + 1] !== 0 ? at + 2 : 0;
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

async function* extentsOf(
  groups: AsyncIterable<Float64Array>,
  told: (error: unknown) => unknown,
): AsyncGenerator<Extent, void> {
  try {
    for await (const numbers of groups)
      for (let at = 0; at < numbers.length; at += 4) yield extentAt(numbers, at);
  } catch (error) {
    throw told(error);
  }
}

async function proved(groups: AsyncIterable<Float64Array>, told: (error: unknown) => unknown): Promise<void> {
  try {
    for await (const _ of groups);
  } catch (error) {
    throw told(error);
  }
}
