import { InputError } from '../../errors.ts';
import type { BlocksPayload } from '../../manifest/schema.ts';
import type { Place } from '../../store/place.ts';
import { peek } from '../../stream/chunks.ts';
import { Meter } from '../../stream/meter.ts';
import { stoppable } from '../../stream/stoppable.ts';
import { keepYoungHeapSmall } from '../../stream/young-heap.ts';
import type { Came } from '../save.ts';
import {
  type BaseMap,
  type BaseRead,
  Cursor,
  findMap,
  type Holding,
  holdingOf,
  keptOf,
  runsOfCheckpoints,
  runsOfMap,
  type Seeker,
  stillStored,
  told,
} from './base.ts';
import { Changes } from './changes.ts';
import { Checkpoints } from './checkpoint-write.ts';
import { WAIT_MS } from './clean.ts';
import { BLOCK, blocksIn, CLEAR_KEY, type Converted, type Disk, keyTag, type MapHeader } from './format.ts';
import { IdsWriter } from './ids-write.ts';
import { MapBuilder } from './map-write.ts';
import { folderOf, mapName, type Resource } from './names.ts';
import { ObjectWriter, type Seal } from './object-write.ts';
import { firstNight, type Night, nextNight, type Past } from './past.ts';
import { Pieces, type Range } from './pieces.ts';
import { lookAgain } from './still-there.ts';

export interface DiskFacts {
  readonly resource: Resource;
  /** The id of the restore point. */
  readonly point: string;
  /** ISO 8601: the cloud's time when the run began with the point. */
  readonly taken: string;
}

export interface DiskOptions {
  /** `none`: blocks are stored as they are, such as those of LUKS. */
  readonly compression: 'none' | 'zstd';
  /** Undefined: the data lies in clear. */
  readonly seal?: Seal | undefined;
  /** 32 bytes. Without it a sealed disk is sent in full each time. */
  readonly storeKey?: Uint8Array | undefined;
  /** Digests of the disk that `check` needs, by the names of node:crypto. The first strong one is recorded, else SHA-256. */
  readonly digests?: readonly string[];
  /** What the cloud says about the data. If the last point has the same, nothing is read but `head`. */
  readonly known?: Pick<Disk, 'size' | 'digest'> | undefined;
  /** What the data is converted from. If the last point is of the same, nothing is read either. */
  readonly converted?: Converted | undefined;
  /** Sends a further one in so many parts of the disk again, changed or not. */
  readonly refresh?: number | undefined;
  /** Objects of the place that were seen damaged: what they hold is sent again. */
  readonly damaged?: ReadonlySet<string> | undefined;
  /** How many of the first bytes of the disk `check` needs. */
  readonly head?: number;
  /** How many objects are put at a time; if undefined, as the place says. After a break, at most so many are sent twice. */
  readonly atOnce?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, by a clock that goes on while the machine sleeps. Default: the machine's. */
  readonly now?: () => number;
  /** Called with the count of bytes of the disk as they flow. */
  readonly onBytes?: (count: number) => void;
  /** Checks what flowed by before the point exists; throwing leaves no point. */
  readonly check?: (came: Came) => Promise<void> | void;
}

export interface SavedDisk extends Came {
  readonly payload: BlocksPayload;
  /** The map of the earlier point that it builds on. */
  readonly base?: string;
  /** Why it builds on none although there is one: words that go on "sent in full: ". */
  readonly why?: string;
}

type Strong = BlocksPayload['digest']['algorithm'];
type Change = NonNullable<BlocksPayload['change']>;

const STRONG: readonly string[] = ['sha512', 'sha384', 'sha256'];
/** A run that takes longer looks again whether all is there: it may have slept, and counted as dead. */
const LONG_MS = WAIT_MS / 2;
const NO_KEY =
  'no `store-key` was given, and without it nobody can tell which blocks of a sealed store are the same';

/** What a disk is saved with. */
interface Saving {
  readonly place: Place;
  readonly folder: string;
  readonly facts: DiskFacts;
  readonly options: DiskOptions;
  readonly algorithms: readonly string[];
  readonly key: Uint8Array | undefined;
  readonly seeker: Seeker | undefined;
  readonly holding: Holding;
  readonly map: BaseMap | undefined;
}

/** What went into the map. */
interface Flowed extends Came {
  readonly builder: MapBuilder;
  readonly sent: number;
  /** Bytes of the disk. */
  readonly takenOver: number;
  /** What the run saw of the disk; undefined if all of it was taken over unread. */
  readonly night: Night | undefined;
  /** Whether there was all of an earlier point to compare with. */
  readonly compared: boolean;
  readonly next: number;
}

/** A job that may only add to a store builds on nothing. */
async function heldIn(
  place: Place,
  folder: string,
  point: string,
  seeker: Seeker,
  damaged: DiskOptions['damaged'],
) {
  try {
    const holding = await holdingOf(place, folder, point, damaged);
    return { holding, ...(await findMap(place, holding.maps, seeker)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { holding: EMPTY, why: error.message };
  }
}

/**
 * Saves a disk into a place as layout `blocks`: what an earlier point of the resource has is taken over, zeros are left
 * out, the rest is put as objects of many blocks. The point exists once its map does, which is put last. Any number of
 * runs may do this at once.
 *
 * @param source the whole disk, from its first byte on
 * @throws what the source, the place or `check` throws; then there is no point, and the next run finds what was stored
 */
export async function saveBlocks(
  place: Place,
  facts: DiskFacts,
  source: AsyncIterable<Uint8Array>,
  options: DiskOptions,
): Promise<SavedDisk> {
  keepYoungHeapSmall();
  const { resource, point, taken } = facts;
  const { compression, seal, check, digests = [], converted, now = Date.now } = options;
  const began = now();
  const folder = folderOf(resource);
  const recipients = seal?.recipients ?? null;
  const key = options.storeKey ?? (seal === undefined ? CLEAR_KEY : undefined);
  const seeker = key && { resource, key, recipients };
  const { holding, map, why } = seeker
    ? await heldIn(place, folder, point, seeker, options.damaged)
    : { holding: EMPTY, map: undefined, why: NO_KEY };
  const algorithms = digests.some((name) => STRONG.includes(name)) ? digests : [...digests, 'sha256'];
  const algorithm = algorithms.find((name) => STRONG.includes(name)) as Strong;
  const saving = { place, folder, facts, options, algorithms, key, seeker, holding, map };
  const checkpoints = new Checkpoints(place, { resource, key, recipients, point, now });
  const flowed = (await takenOverWhole(saving, source)) ?? (await flow(saving, source, checkpoints));
  const { builder, size, sent, takenOver, next } = flowed;
  const came: Came = { size, digests: flowed.digests, head: flowed.head };
  // In another format everything lies elsewhere.
  const isLike = map?.header.converted?.format === converted?.format;
  const { past, change } = judged(flowed, isLike ? map?.header.past : undefined, taken);
  await check?.(came);
  const digest = { algorithm, value: came.digests[algorithm] ?? '' };
  if (now() - began > LONG_MS) await lookAgain(place, folder, builder, takenOver > 0);
  const name = mapName(folder, taken, point);
  const text = builder.end(
    {
      resource,
      point,
      taken,
      size,
      digest,
      key: key === undefined ? null : keyTag(key),
      refresh: { next },
      past,
      ...(converted && { converted }),
    },
    recipients,
    key,
  );
  const stored = await place.put(name, stoppable(text, options.signal));
  await checkpoints.end();
  const payload: BlocksPayload = {
    layout: 'blocks',
    place: place.name,
    name,
    size,
    digest,
    stored,
    compression,
    sealed: seal !== undefined,
    sent: sent + stored.size,
    takenOver,
    kept: builder.objects.reduce((sum, object) => sum + object.size, 0),
    change,
  };
  return { ...came, payload, ...(map && { base: map.name }), ...(why !== undefined && { why }) };
}

/** How the disk changed, and whether it never did so before. */
function judged(
  { night, compared, takenOver }: Flowed,
  before: Past | undefined,
  taken: string,
): { readonly past: Past; readonly change: Change } {
  if (night === undefined) {
    const used = before?.used ?? takenOver;
    const idle = { used, fresh: 0, packed: 0, dense: 0 };
    const past = before
      ? nextNight(before, { ...idle, whole: before.whole }, taken).past
      : firstNight({ used }, taken);
    return { past, change: idle };
  }
  const { used, whole, fresh, packed, dense } = night;
  const seen = compared ? { used, fresh, packed, dense } : { used };
  if (before === undefined) return { past: firstNight(night, taken), change: seen };
  // Nobody knows what changed if the store lacks some of the point before; its past goes on.
  if (!compared) return { past: { ...before, used, whole }, change: seen };
  const { past, jump, slowly } = nextNight(before, night, taken);
  return { past, change: { ...seen, ...(jump && { jump }), ...(slowly && { slowly }) } };
}

const EMPTY: Holding = { sizes: new Map(), maps: [], checkpoints: [] };

/**
 * Takes all over from the last point without reading the disk.
 *
 * @returns undefined if the disk has to be read
 */
async function takenOverWhole(
  { options, algorithms, seeker, holding, map }: Saving,
  source: AsyncIterable<Uint8Array>,
): Promise<Flowed | undefined> {
  const { refresh, head: wanted = 0 } = options;
  if (seeker === undefined || map === undefined || refresh !== undefined) return undefined;
  if (!isKnown(map.header, options)) return undefined;
  const { size, digest } = map.header.disk;
  const { algorithm, value } = digest;
  if (algorithms.some((name) => name !== algorithm)) return undefined;
  const whole = await wholeOf(map, holding);
  if (whole === undefined) return undefined;
  return {
    ...whole,
    size,
    digests: { [algorithm]: value },
    head: wanted === 0 ? Buffer.alloc(0) : await headOf(source, wanted),
    sent: 0,
    night: undefined,
    compared: true,
    next: map.header.refresh.next,
  };
}

/** Whether what the cloud says about the data, or about what it is converted from, is true of the last point. */
function isKnown(last: MapHeader, { known, converted }: Pick<DiskOptions, 'known' | 'converted'>): boolean {
  if (last.converted?.format !== converted?.format) return false;
  const [had, has] = converted === undefined ? [last.disk, known] : [last.converted, converted];
  if (had?.digest == null || has?.digest == null || had.size !== has.size) return false;
  return had.digest.algorithm === has.digest.algorithm && had.digest.value === has.digest.value;
}

/** All of a point as the next one has it; undefined if the store has not all of it any more. */
async function wholeOf(
  map: BaseMap,
  { sizes }: Holding,
): Promise<Pick<Flowed, 'builder' | 'takenOver'> | undefined> {
  const builder = new MapBuilder();
  const { size } = map.header.disk;
  let takenOver = 0;
  try {
    const read = await map.open();
    const there = [...read.objects, ...read.ids].every((one) => sizes.get(one.name) === one.size);
    if (!there) {
      await read.close();
      return undefined;
    }
    const objects = keptOf(read.header, read.objects);
    for await (const [start, count, number, first] of read.extents) {
      const object = objects[number];
      if (object === undefined) continue;
      builder.add(start, count, object, first);
      takenOver += Math.min((start + count) * BLOCK, size) - start * BLOCK;
    }
    for (const ids of read.ids) builder.addIds(ids);
    return { builder, takenOver };
  } catch (error) {
    told(error, map.name);
    return undefined;
  }
}

async function headOf(source: AsyncIterable<Uint8Array>, wanted: number): Promise<Buffer> {
  const { head, stream } = await peek(source, () => wanted);
  await stream.return();
  return head.subarray(0, wanted);
}

/** Reads the disk, and stores what no earlier point has. */
async function flow(
  saving: Saving,
  source: AsyncIterable<Uint8Array>,
  checkpoints: Checkpoints,
): Promise<Flowed> {
  const { place, folder, facts, options, algorithms, key, map } = saving;
  const { point } = facts;
  const { compression, seal, signal, head, onBytes, atOnce = place.atOnce ?? 1 } = options;
  const meter = new Meter([], head, onBytes);
  const pieces = new Pieces({ block: BLOCK, key, compress: compression === 'zstd' }, algorithms);
  const writer = new ObjectWriter(place, { folder, point, seal, atOnce, checkpoints, signal });
  const read: BaseRead = { ids: new Map(), lacks: false };
  const ids = new IdsWriter(place, folder, point, read.ids);
  const again = refreshed(map, options.refresh);
  const builder = new MapBuilder();
  const cursors = cursorsOf(saving, read);
  let takenOver = 0;
  const changes = new Changes(again);
  try {
    const whole = meter.through(stoppable(source, signal));
    for await (const blocks of pieces.blocks(whole, cursors, again)) {
      await checkpoints.beat();
      for (const block of blocks) {
        if (key !== undefined) builder.addIds(await ids.add(block.number, block.id));
        changes.add(block);
        if (block.found !== undefined) takenOver += block.size;
        const [object, index] = block.found ?? (await writer.add(block));
        builder.add(block.number, 1, object, index);
      }
    }
    await writer.end();
    builder.addIds(await ids.end());
    const digests = await pieces.digests();
    const sent = writer.sent + ids.sent;
    const compared = map !== undefined && !read.lacks;
    const { size, head } = meter;
    return { builder, size, digests, head, sent, takenOver, night: changes, compared, next: again.next };
  } finally {
    await Promise.all([pieces.close(), writer.settled(), ...cursors.map((cursor) => cursor.close())]);
  }
}

/** What earlier points have, the last one first. */
function cursorsOf({ place, seeker, holding, map }: Saving, read: BaseRead): Cursor[] {
  if (seeker === undefined) return [];
  const stored = [
    ...(map ? [stillStored(runsOfMap(place, map, read), holding.sizes, read)] : []),
    ...holding.checkpoints.map((names) =>
      stillStored(runsOfCheckpoints(place, names, seeker), holding.sizes),
    ),
  ];
  return stored.map((runs) => new Cursor(runs));
}

/** Which blocks are due to be sent again, and from where on in the run after. */
function refreshed(map: BaseMap | undefined, parts: number | undefined): Range & { readonly next: number } {
  const { next: from = 0 } = map?.header.refresh ?? {};
  if (map === undefined || parts === undefined) return { from, to: from, next: from };
  const all = blocksIn(map.header.disk.size);
  const to = from + Math.ceil(all / parts);
  return { from, to, next: to < all ? to : 0 };
}
