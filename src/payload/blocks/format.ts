import { createHmac, timingSafeEqual } from 'node:crypto';
import { field, integer, type Json, object, text } from '../../decode.ts';
import { folderOf, isNameIn, isPoint, type Resource } from './names.ts';
import type { Past } from './past.ts';

/**
 * Layout `blocks`, as docs/store-format.md describes it: constants, records and lines. What comes from a place is
 * hostile until its tag or its digest is checked; the parsers here refuse what is not of the form, whoever wrote it.
 */

/** Bytes of the disk in a block; its last one may have fewer. */
export const BLOCK = 65_536;
/** Frames go into the next object where they would come to more than this. */
export const OBJECT_BYTES = 16 << 20;
export const OBJECT_BLOCKS = 4096;
/** Blocks of the disk whose ids are one object. */
export const SEGMENT = 65_536;
export const ID_BYTES = 16;
/** The next checkpoint begins when one has so many objects, or blocks: it is written anew for each object. */
export const CHECKPOINT_OBJECTS = 64;
export const CHECKPOINT_BLOCKS = 65_536;
/** Objects that a map may name, and ids: 16 TiB of full objects. More would be memory that a stranger's file asks for. */
export const MOST_OBJECTS = 1 << 20;

export interface StoredObject {
  readonly name: string;
  /** Bytes, as it lies there. */
  readonly size: number;
  /** Of the same; lower-case hex. */
  readonly sha256: string;
  readonly blocks: number;
  /** Which of the header's recipients it is sealed to; null: it lies in clear. */
  readonly to: number | null;
}

export interface StoredIds {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** Which 65,536 blocks of the disk. */
  readonly segment: number;
}

/** Blocks `start` to `start + count - 1` of the disk are blocks from `first` of an object, given by its number. */
export type Extent = readonly [start: number, count: number, object: number, first: number];
/** With the ids of its blocks as hex, as a checkpoint has it. */
export type OwnExtent = readonly [start: number, count: number, object: number, first: number, ids: string];

/** A part of the lines: how many, and the SHA-256 of their text. */
export interface Part {
  readonly count: number;
  readonly sha256: string;
}

export interface Disk {
  /** Bytes. */
  readonly size: number;
  readonly block: number;
  /** Of the whole, zeros included. */
  readonly digest: { readonly algorithm: string; readonly value: string };
}

/** The image, of another format, that a disk was made of. */
export interface Converted {
  /** As Glance calls it, such as `qcow2`. */
  readonly format: string;
  /** Bytes of the image. */
  readonly size: number;
  /** Of the image, as Glance has it; null if it has none. */
  readonly digest: { readonly algorithm: string; readonly value: string } | null;
}

interface Header {
  readonly version: 1;
  readonly point: string;
  readonly resource: Resource;
  /** Sets of age recipients; empty: all lies in clear. */
  readonly recipients: readonly (readonly string[])[];
  /** Which store key made the ids and the tag, see {@link keyTag}; null: none. */
  readonly key: string | null;
  readonly objects: Part;
  readonly tag: string | null;
}

export interface MapHeader extends Header {
  readonly format: 'openstack-backup map';
  readonly taken: string;
  readonly disk: Disk;
  readonly refresh: { readonly next: number };
  /** Missing in maps of earlier versions. */
  readonly past?: Past;
  /** Missing if the disk was not converted. */
  readonly converted?: Converted;
  readonly ids: Part;
  readonly extents: Part & { readonly blocks: number };
}

export interface CheckpointHeader extends Header {
  readonly format: 'openstack-backup checkpoint';
  readonly block: number;
  readonly extents: Part;
}

/** The key of stores in clear: there is nothing to hide, and increments work at once. */
export const CLEAR_KEY: Buffer = Buffer.alloc(32);

/** Tells store keys apart, and nothing about them. */
export function keyTag(key: Uint8Array): string {
  return createHmac('sha256', key).update('openstack-backup store key').digest('hex').slice(0, 32);
}

/** The same block of the disk has the same id, to whoever has the store key. */
export function blockId(key: Uint8Array, plain: Uint8Array): Buffer {
  return createHmac('sha256', key).update(plain).digest().subarray(0, ID_BYTES);
}

/** A header as its line, ending with \n. With a key, its tag covers all that is before it. */
export function headerLine(
  header: Omit<MapHeader, 'tag'> | Omit<CheckpointHeader, 'tag'>,
  key: Uint8Array | undefined,
): string {
  const untagged = JSON.stringify({ ...header, tag: null });
  if (key === undefined) return `${untagged}\n`;
  return `${untagged.slice(0, -'null}'.length)}"${tagOf(untagged, key)}"}\n`;
}

/** Whether somebody who has the key wrote this header line. */
export function tagHolds(line: string, key: Uint8Array): boolean {
  const [, start, tag] = /^(.*,"tag":)"([0-9a-f]{64})"\}\n?$/.exec(line) ?? [];
  if (start === undefined || tag === undefined) return false;
  return timingSafeEqual(Buffer.from(tag), Buffer.from(tagOf(`${start}null}`, key)));
}

function tagOf(untagged: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(untagged).digest('hex');
}

export function objectLine({ name, size, sha256, blocks, to }: StoredObject): string {
  return `${JSON.stringify({ object: name, size, sha256, blocks, to })}\n`;
}

export function idsLine({ name, size, sha256, segment }: StoredIds): string {
  return `${JSON.stringify({ ids: name, size, sha256, segment })}\n`;
}

export function extentLine(extent: Extent | OwnExtent): string {
  return `${JSON.stringify(extent)}\n`;
}

/** @throws TypeError that says what is not of the form; the caller says of which object */
export function parsedMapHeader(line: string): MapHeader {
  const from = object(JSON.parse(line), 'the header');
  const disk = field(from, 'disk');
  const extents = field(from, 'extents');
  const header: MapHeader = {
    ...parsedHeader(from, 'openstack-backup map'),
    taken: moment(from, 'taken'),
    disk: {
      size: count(disk, 'size'),
      block: count(disk, 'block'),
      digest: parsedDigest(field(disk, 'digest')),
    },
    refresh: { next: count(field(from, 'refresh'), 'next') },
    ...(from['past'] === undefined ? {} : { past: parsedPast(field(from, 'past')) }),
    ...(from['converted'] === undefined ? {} : { converted: parsedConverted(field(from, 'converted')) }),
    ids: part(from, 'ids'),
    extents: { ...part(from, 'extents'), blocks: count(extents, 'blocks') },
  };
  if (header.disk.block !== BLOCK) throw new TypeError(`block is ${header.disk.block}, not ${BLOCK}`);
  if (header.extents.blocks > blocksIn(header.disk.size))
    throw new TypeError('blocks is more than the disk has');
  return header;
}

function parsedDigest(from: Json): Disk['digest'] {
  return {
    algorithm: matching(from, 'algorithm', /^[0-9a-z-]{1,32}$/),
    value: matching(from, 'value', /^[0-9a-f]{2,255}$/),
  };
}

function parsedConverted(from: Json): Converted {
  return {
    format: matching(from, 'format', /^[0-9a-z_-]{1,32}$/),
    size: count(from, 'size'),
    digest: from['digest'] === null ? null : parsedDigest(field(from, 'digest')),
  };
}

function parsedPast(from: Json): Past {
  const [used, nights, random] = [count(from, 'used'), count(from, 'nights'), count(from, 'random')];
  const [emptied, told, dense] = [count(from, 'emptied'), count(from, 'told'), count(from, 'dense')];
  const known = { used, nights, random, emptied, told, dense };
  // Earlier versions did not look at several runs together: half of the largest change is more than what is usual.
  if (from['usual'] === undefined)
    return { ...known, lately: 0, usual: random * 50, calm: '', peak: used, low: used, full: '' };
  return {
    ...known,
    ...(from['whole'] !== undefined && { whole: count(from, 'whole') }),
    lately: count(from, 'lately'),
    usual: count(from, 'usual'),
    calm: sinceIn(from, 'calm'),
    peak: count(from, 'peak'),
    low: count(from, 'low'),
    full: sinceIn(from, 'full'),
  };
}

function sinceIn(from: Json, name: string): string {
  return from[name] === '' ? '' : moment(from, name);
}

/** ISO 8601, UTC: a name is made of it. */
function moment(from: Json, name: string): string {
  const said = matching(from, name, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
  if (Number.isNaN(Date.parse(said))) throw new TypeError(`${name} is no time`);
  return said;
}

/** @throws TypeError */
export function parsedCheckpointHeader(line: string): CheckpointHeader {
  const from = object(JSON.parse(line), 'the header');
  const header = parsedHeader(from, 'openstack-backup checkpoint');
  const block = count(from, 'block');
  if (block !== BLOCK) throw new TypeError(`block is ${block}, not ${BLOCK}`);
  return { ...header, block, extents: part(from, 'extents') };
}

/**
 * @param header whose line it is
 * @throws TypeError
 */
export function parsedObject(line: string, { resource, recipients }: Header): StoredObject {
  const from = object(JSON.parse(line), 'an object');
  const to = from['to'] === null ? null : count(from, 'to');
  if (to === null ? recipients.length > 0 : to >= recipients.length)
    throw new TypeError('to is not one of the recipients');
  const blocks = count(from, 'blocks');
  if (blocks < 1 || blocks > OBJECT_BLOCKS) throw new TypeError(`blocks is ${blocks}`);
  return { ...storedAs(from, 'object', folderOf(resource), 'data'), blocks, to };
}

/** @throws TypeError */
export function parsedIds(line: string, { resource }: Header): StoredIds {
  const from = object(JSON.parse(line), 'ids');
  const stored = storedAs(from, 'ids', folderOf(resource), 'ids');
  if (stored.size < ID_BYTES || stored.size > SEGMENT * ID_BYTES || stored.size % ID_BYTES !== 0)
    throw new TypeError(`size is ${stored.size}`);
  return { ...stored, segment: count(from, 'segment') };
}

/** How many blocks a disk has. */
export function blocksIn(size: number): number {
  return Math.ceil(size / BLOCK);
}

function parsedHeader<F extends string>(from: Json, format: F): Header & { readonly format: F } {
  if (from['format'] !== format) throw new TypeError(`format is not ${format}`);
  if (from['version'] !== 1) throw unknownVersion(from['version']);
  const resource = field(from, 'resource');
  const kind = text(resource, 'kind');
  if (kind !== 'volume' && kind !== 'image' && kind !== 'server') throw new TypeError('kind is not known');
  const point = text(from, 'point');
  if (!isPoint(point)) throw new TypeError('point is not an id');
  return {
    format,
    version: 1,
    point,
    resource: { kind, id: text(resource, 'id') },
    recipients: recipientSets(from['recipients']),
    key: from['key'] === null ? null : matching(from, 'key', /^[0-9a-f]{32}$/),
    objects: part(from, 'objects'),
    tag: from['tag'] === null ? null : matching(from, 'tag', /^[0-9a-f]{64}$/),
  };
}

/** To say what is nested deep takes more stack than there is. */
function unknownVersion(version: unknown): TypeError {
  return new TypeError(
    typeof version === 'number' ? `version ${version} is not known` : 'its version is not known',
  );
}

function recipientSets(value: unknown): string[][] {
  const isSet = (set: unknown) =>
    Array.isArray(set) && set.length > 0 && set.every((one) => typeof one === 'string');
  if (!Array.isArray(value) || !value.every(isSet)) throw new TypeError('recipients are not sets of strings');
  return value;
}

function storedAs(from: Json, key: string, folder: string, part: 'data' | 'ids') {
  const name = text(from, key);
  if (!isNameIn(folder, part, name)) throw new TypeError(`${key} is not a name in ${folder}/${part}`);
  return { name, size: count(from, 'size'), sha256: matching(from, 'sha256', /^[0-9a-f]{64}$/) };
}

function part(from: Json, key: string): Part {
  const value = field(from, key);
  return { count: count(value, 'count'), sha256: matching(value, 'sha256', /^[0-9a-f]{64}$/) };
}

function count(from: Json, key: string): number {
  const value = integer(from, key);
  if (value < 0) throw new TypeError(`${key} is negative`);
  return value;
}

function matching(from: Json, key: string, form: RegExp): string {
  const value = text(from, key);
  if (!form.test(value)) throw new TypeError(`${key} is not of the form`);
  return value;
}
