import type { Place, Stored } from '../../store/place.ts';
import { Lines, parsedLine, TextError } from '../../stream/lines.ts';
import { Meter } from '../../stream/meter.ts';
import { decompressed } from '../../stream/zstd.ts';
import {
  type CheckpointHeader,
  type MapHeader,
  MOST_OBJECTS,
  parsedCheckpointHeader,
  parsedIds,
  parsedMapHeader,
  parsedObject,
} from './format.ts';
import { folderOf, mapName, partOf } from './names.ts';

/** An object of blocks, as a map names it. */
export interface Sized {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface RecordRead {
  readonly header: MapHeader | CheckpointHeader;
  /** Objects and ids that it names. */
  readonly names: readonly string[];
  /** The objects alone. */
  readonly objects: readonly Sized[];
}

/**
 * What a map, a checkpoint or a pruned map names; reads no extents. Without a store key nothing proves who wrote it.
 *
 * @param expected what a manifest says about a map: all of its bytes are read for that, but not unpacked
 * @throws TextError, OperationError or what the place throws, for anything that is not exactly as it should be
 */
export async function readNames(place: Place, name: string, expected?: Stored): Promise<RecordRead> {
  const { size, bytes } = await place.get(name);
  if (expected !== undefined && size !== expected.size)
    throw new TextError(`it has ${size} bytes, but its manifest says ${expected.size}`);
  const meter = new Meter(['sha256']);
  const raw = meter.through(bytes);
  const lines = new Lines(decompressed(notClosing(raw), `map ${name}`));
  try {
    const read = await namesIn(lines, name);
    if (expected === undefined) return read;
    await lines.close();
    while (!(await raw.next()).done);
    if (meter.digests()['sha256'] === expected.sha256) return read;
    throw new TextError('its SHA-256 differs from the one in its manifest');
  } finally {
    await lines.close();
    await raw.return();
  }
}

async function namesIn(lines: Lines, name: string): Promise<RecordRead> {
  const header = parsedLine(headerOf, await lines.next());
  if (!isNameOf(header, name)) throw new TextError('it is not the one that its name says');
  const objects: Sized[] = [];
  for await (const line of lines.part(header.objects, 'objects', MOST_OBJECTS)) {
    const { name: object, size } = parsedLine((text) => parsedObject(text, header), line);
    objects.push({ name: object, size });
  }
  const names = objects.map((object) => object.name);
  if (header.format === 'openstack-backup map')
    for await (const line of lines.part(header.ids, 'ids', MOST_OBJECTS))
      names.push(parsedLine((text) => parsedIds(text, header), line).name);
  return { header, names, objects };
}

function headerOf(line: string): MapHeader | CheckpointHeader {
  return /"format":"openstack-backup checkpoint"/.test(line)
    ? parsedCheckpointHeader(line)
    : parsedMapHeader(line);
}

function isNameOf(header: MapHeader | CheckpointHeader, name: string): boolean {
  const { folder, part } = partOf(name) ?? {};
  const { resource, point } = header;
  if (folder !== folderOf(resource)) return false;
  if (part === 'pruned') return true;
  if (header.format === 'openstack-backup map') return mapName(folder, header.taken, point) === name;
  return part === 'open' && name.startsWith(`${folder}/open/${point}-`);
}

/** Lets go of the source without closing it. */
async function* notClosing<T>(source: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}
