import { OperationError, PlainError } from '../../errors.ts';
import type { Place } from '../../store/place.ts';
import { counted } from '../../text/words.ts';
import { mapsOf } from './names.ts';
import { readNames, type Sized } from './names-read.ts';

/**
 * What a restore point lacks of the objects that its map names: "3 of 120 objects are missing"; undefined for nothing.
 * Ids are not needed to restore it.
 *
 * @param sizes bytes of the objects that are there, by name
 */
export function lackingOf(objects: readonly Sized[], sizes: ReadonlyMap<string, number>): string | undefined {
  const lost = objects.filter(({ name }) => !sizes.has(name));
  const cut = objects.filter(({ name, size }) => sizes.has(name) && sizes.get(name) !== size);
  const all = counted(objects.length, 'object');
  const told = [
    ...(lost.length === 0 ? [] : [`${lost.length} of ${all} ${verb(lost, 'is', 'are')} missing`]),
    ...(cut.length === 0 ? [] : [`${cut.length} of ${all} ${verb(cut, 'has', 'have')} another size`]),
  ];
  const [first] = [...lost, ...cut];
  return (
    first && `${told.join(', and ')}: object ${first.name}${lost.length + cut.length > 1 ? ' and more' : ''}`
  );
}

/** With more of them, a list is not late: it is wrong. */
const MOST_ASKED = 1000;

/**
 * What a list lacks, asked for by name: lists of some services are late. The first that is gone for sure ends it, so
 * damage costs one request.
 *
 * @returns as {@link lackingOf}
 * @throws what the place throws
 */
export async function lackingNow(
  place: Place,
  objects: readonly Sized[],
  listed: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const there = new Map(listed);
  const odd = objects.filter(({ name, size }) => there.get(name) !== size);
  for (const { name, size } of odd.slice(0, MOST_ASKED)) {
    if ((await place.head(name))?.size !== size) break;
    there.set(name, size);
  }
  return lackingOf(objects, there);
}

function verb(all: readonly Sized[], one: string, many: string): string {
  return all.length === 1 ? one : many;
}

/** The objects in the folder of a map: bytes, by name. */
export async function objectsBeside(place: Place, map: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { name, size } of place.list(`${folderIn(map)}/data/`)) sizes.set(name, size);
  return sizes;
}

export function folderIn(name: string): string {
  return name.split('/')[0] ?? '';
}

/** How many older maps are tried. */
const MOST_OLDER = 32;

/**
 * Compares a map with what lies in its place, before anything is made from it.
 *
 * @throws OperationError that says what is missing, and which older point lacks nothing
 */
export async function needAll(place: Place, map: string, objects: readonly Sized[]): Promise<void> {
  const there = await objectsBeside(place, map).catch((error: unknown) => {
    // A job that may read and not list finds out while it reads.
    if (error instanceof PlainError) return undefined;
    throw error;
  });
  if (there === undefined) return;
  const lacking = await lackingNow(place, objects, there);
  if (lacking === undefined) return;
  const older = await olderOf(place, map, there);
  throw new OperationError(
    `map ${map} in ${place.name} cannot be restored: ${lacking}`,
    older === undefined
      ? 'Bring back what is missing or cut from another copy of the store. No older restore point there is complete.'
      : `Bring back what is missing or cut from another copy of the store, or restore the newest older point that is complete: \`at: ${older.taken}\` (restore point ${older.point}).`,
  );
}

/** The newest older point of the resource that lacks nothing. */
async function olderOf(place: Place, map: string, there: ReadonlyMap<string, number>) {
  try {
    const older: string[] = [];
    for await (const { name } of place.list(mapsOf(folderIn(map)))) if (name < map) older.push(name);
    for (const name of older.sort().reverse().slice(0, MOST_OLDER)) {
      const read = await readNames(place, name).catch(() => undefined);
      if (read === undefined || lackingOf(read.objects, there) !== undefined) continue;
      if ('taken' in read.header) return read.header;
    }
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
  }
  return undefined;
}
