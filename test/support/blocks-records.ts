import { createHash } from 'node:crypto';
import {
  type CheckpointHeader,
  extentLine,
  headerLine,
  idsLine,
  type MapHeader,
  objectLine,
} from '../../src/payload/blocks/format.ts';
import { partOf, type Resource } from '../../src/payload/blocks/names.ts';
import { frameOf } from '../../src/stream/zstd.ts';

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
const part = (lines: readonly string[]) => ({ count: lines.length, sha256: sha256(lines.join('')) });

export interface RecordFacts {
  readonly resource: Resource;
  readonly point: string;
  readonly taken: string;
  /** Objects and ids. */
  readonly names: readonly string[];
  /** Which recipients each object is sealed to. Default: in clear. */
  readonly to?: readonly number[];
  /** Changes the header, behind our back. */
  readonly header?: object;
}

/** A map as a run in clear writes it, of one block an object. */
export function mapBytes({ resource, point, taken, names, header, to }: RecordFacts): Promise<Uint8Array> {
  const { objects, ids, extents } = linesOf(names, to);
  const whole: Omit<MapHeader, 'tag'> = {
    format: 'openstack-backup map',
    version: 1,
    point,
    resource,
    taken,
    disk: { size: 65_536 * 1000, block: 65_536, digest: { algorithm: 'sha256', value: sha256('disk') } },
    recipients: [],
    key: null,
    refresh: { next: 0 },
    objects: part(objects),
    ids: part(ids),
    extents: { ...part(extents), blocks: extents.length },
    ...header,
  };
  return frameOf(Buffer.from([headerLine(whole, undefined), ...objects, ...ids, ...extents].join('')));
}

/** A checkpoint of the same. */
export function checkpointBytes({ resource, point, names, header }: RecordFacts): Promise<Uint8Array> {
  const { objects } = linesOf(names);
  const extents = objects.map((_, at) => extentLine([at, 1, at, 0, '00'.repeat(16)]));
  const whole: Omit<CheckpointHeader, 'tag'> = {
    format: 'openstack-backup checkpoint',
    version: 1,
    point,
    resource,
    block: 65_536,
    recipients: [],
    key: null,
    objects: part(objects),
    extents: part(extents),
    ...header,
  };
  return frameOf(Buffer.from([headerLine(whole, undefined), ...objects, ...extents].join('')));
}

function linesOf(names: readonly string[], to: readonly number[] = []) {
  const data = names.filter((name) => partOf(name)?.part === 'data');
  const stored = (name: string) => ({ name, size: 16, sha256: sha256(name) });
  return {
    objects: data.map((name, at) => objectLine({ ...stored(name), blocks: 1, to: to[at] ?? null })),
    ids: names
      .filter((name) => partOf(name)?.part === 'ids')
      .map((name, segment) => idsLine({ ...stored(name), segment })),
    extents: data.map((_, at) => extentLine([at, 1, at, 0])),
  };
}
