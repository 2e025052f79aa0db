import { createHash, randomUUID } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  type CheckpointHeader,
  CLEAR_KEY,
  extentLine,
  headerLine,
  idsLine,
  keyTag,
  type MapHeader,
  objectLine,
} from '../../../../src/payload/blocks/format.ts';
import {
  checkpointName,
  dataName,
  folderOf,
  idsName,
  mapName,
} from '../../../../src/payload/blocks/names.ts';
import { block, disk, KEY, random, restored, save, VOLUME } from './disks.ts';
import { MemoryPlace } from './memory-place.ts';

/** Whoever may write to the store writes this, and does not have the store key unless a row says so. */
interface Forged {
  readonly key?: Buffer;
  readonly header?: object;
  readonly objects?: readonly string[];
  readonly ids?: readonly string[];
  readonly extents?: readonly string[];
  /** Changes the whole text when the tag is made. */
  readonly text?: (text: string) => string;
}

const folder = folderOf(VOLUME);
const part = (lines: readonly string[]) => ({
  count: lines.length,
  sha256: createHash('sha256').update(lines.join('')).digest('hex'),
});
const point = randomUUID();
const object = {
  name: dataName(folder, point, 0),
  size: 100,
  sha256: 'ab'.repeat(32),
  blocks: 4000,
  to: null,
};

function forge(kind: 'map' | 'checkpoint', forged: Forged): { name: string; bytes: Buffer } {
  const {
    key = KEY,
    objects = [objectLine(object)],
    ids = [],
    extents = [extentLine([0, 4000, 0, 0])],
  } = forged;
  const common = {
    version: 1,
    point,
    resource: VOLUME,
    recipients: [],
    key: keyTag(KEY),
    objects: part(objects),
  };
  const taken = '2026-12-31T00:00:00Z';
  const header =
    kind === 'map'
      ? {
          format: 'openstack-backup map',
          ...common,
          taken,
          disk: { size: 4000 * 65536, block: 65536, digest: { algorithm: 'sha256', value: 'ab' } },
          refresh: { next: 0 },
          ids: part(ids),
          extents: { ...part(extents), blocks: 4000 },
        }
      : { format: 'openstack-backup checkpoint', ...common, block: 65536, extents: part(extents) };
  const line = headerLine({ ...header, ...forged.header } as unknown as MapHeader | CheckpointHeader, key);
  const text = [line, ...objects, ...(kind === 'map' ? ids : []), ...extents].join('');
  const name = kind === 'map' ? mapName(folder, taken, point) : checkpointName(folder, point, 0);
  return { name, bytes: zstdCompressSync((forged.text ?? String)(text)) };
}

const HUGE = { count: 2 ** 52, sha256: 'ab'.repeat(32) };
const ATTACKS: readonly (readonly [string, Forged])[] = [
  ['with a tag of another key', { key: CLEAR_KEY }],
  ['with no tag', { text: (text) => text.replace(/"tag":"[0-9a-f]+"/, '"tag":null') }],
  ['whose header was altered', { text: (text) => text.replace('"version":1', '"version": 1') }],
  ['whose objects were altered', { text: (text) => text.replace('"size":100', '"size":101') }],
  ['whose extents were altered', { text: (text) => text.replace('[0,4000,0,0', '[0,3999,0,0') }],
  ['of no time', { header: { taken: 'x' } }],
  ['of a time that is none', { header: { taken: '2026-13-41T00:00:00Z' } }],
  ['of another resource', { header: { resource: { kind: 'volume', id: 'another' } } }],
  ['of a later version', { header: { version: 2 } }],
  [
    'of a version that is nested deep',
    { text: (text) => text.replace('"version":1', `"version":${'['.repeat(200_000)}${']'.repeat(200_000)}`) },
  ],
  ['with huge counts', { header: { objects: HUGE, extents: { ...HUGE, blocks: 4000 } } }],
  [
    'that names objects of another resource',
    { objects: [objectLine({ ...object, name: `volume-x/data/${point}-0` })] },
  ],
  ['that names a path', { objects: [objectLine({ ...object, name: '../../etc/passwd' })] }],
  ['whose extents overlap', { extents: [extentLine([0, 2000, 0, 0]), extentLine([1999, 2000, 0, 2000])] }],
  ['whose extents lie beyond the object', { extents: [extentLine([0, 4000, 0, 1])] }],
  ['of numbers that are none', { extents: ['[0,4000,0,"0"]\n'] }],
  ['with huge numbers', { extents: ['[9007199254740991,9007199254740991,0,0]\n'] }],
  ['with a line without an end', { text: (text) => text + 'x'.repeat(3 << 20) }],
  ['that goes on', { text: (text) => `${text}[0,1,0,0]\n` }],
  ['that is cut', { text: (text) => text.slice(0, -10) }],
  ['that is no JSON', { text: (text) => text.replace('{', '') }],
  ['of millions of lines', { text: (text) => text + '[0,1,0,0]\n'.repeat(3_000_000) }],
];

describe.each(['map', 'checkpoint'] as const)('a %s', (kind) => {
  it.each(ATTACKS)('%s only costs sending the disk in full', async (_, forged) => {
    const memory = new MemoryPlace();
    const bytes = disk(random(31), 20, 77);
    const { name, bytes: stored } = forge(kind, forged);
    memory.files.set(name, { bytes: stored, modified: Date.now() });
    memory.files.set(object.name, { bytes: Buffer.alloc(100), modified: 0 });
    const { payload, why } = await save(memory.place(), bytes, { storeKey: KEY });
    expect(payload.takenOver).toBe(0);
    expect(why === undefined).toBe(kind === 'checkpoint');
    expect((await restored(memory.place(), payload.name)).equals(bytes)).toBe(true);
  });

  it('that is no zstd only costs that, too', async () => {
    const memory = new MemoryPlace();
    memory.files.set(forge(kind, {}).name, { bytes: Buffer.from('not zstd'), modified: 0 });
    const { payload } = await save(memory.place(), block('text', 1), { storeKey: KEY });
    expect((await restored(memory.place(), payload.name)).equals(block('text', 1))).toBe(true);
  });
});

it('ids that are not those of the map are not believed', async () => {
  const memory = new MemoryPlace();
  const bytes = block('noise', 1);
  const ids = Buffer.alloc(16, 1);
  const stored = { name: idsName(folder, point, 0), size: 16, sha256: 'ab'.repeat(32), segment: 0 };
  const { name, bytes: map } = forge('map', { ids: [idsLine(stored)] });
  memory.files.set(name, { bytes: map, modified: 0 });
  memory.files.set(stored.name, { bytes: ids, modified: 0 });
  const { payload, base } = await save(memory.place(), bytes, { storeKey: KEY });
  expect(base).toBe(name);
  expect(payload.takenOver).toBe(0);
  expect((await restored(memory.place(), payload.name)).equals(bytes)).toBe(true);
});
