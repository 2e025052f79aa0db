import { describe, expect, it } from '@jest/globals';
import {
  blockId,
  extentLine,
  headerLine,
  idsLine,
  keyTag,
  type MapHeader,
  objectLine,
  parsedCheckpointHeader,
  parsedIds,
  parsedMapHeader,
  parsedObject,
  tagHolds,
} from '../../../../src/payload/blocks/format.ts';
import { dataName, folderOf, isNameIn, mapName } from '../../../../src/payload/blocks/names.ts';

const POINT = '0f2ab3c4-0000-4000-8000-000000000001';
const KEY = Buffer.alloc(32, 7);
const SHA = 'ab'.repeat(32);
const HEADER: Omit<MapHeader, 'tag'> = {
  format: 'openstack-backup map',
  version: 1,
  point: POINT,
  resource: { kind: 'volume', id: 'v1' },
  taken: '2026-11-26T01:02:03Z',
  disk: { size: 200_000, block: 65_536, digest: { algorithm: 'sha512', value: 'ab' } },
  recipients: [['age1a', 'age1b']],
  key: keyTag(KEY),
  refresh: { next: 0 },
  objects: { count: 1, sha256: SHA },
  ids: { count: 0, sha256: SHA },
  extents: { count: 1, sha256: SHA, blocks: 4 },
};

describe('names in a place', () => {
  it('are made from the resource, the time and the point', () => {
    const folder = folderOf({ kind: 'volume', id: '5bde59c7-6c73' });
    expect(folder).toBe('volume-5bde59c7-6c73');
    expect(mapName(folder, '2026-11-26T01:02:03.456Z', POINT)).toBe(
      `${folder}/maps/20261126T010203Z-${POINT}`,
    );
  });

  it('are plain for an id of any characters, and one for each', () => {
    const folders = ['../x', 'A', 'a'.repeat(101), '', 'ü'].map((id) => folderOf({ kind: 'image', id }));
    expect(new Set(folders).size).toBe(5);
    for (const folder of folders) expect(folder).toMatch(/^image-x[0-9a-f]{32}$/);
  });

  it.each([
    ['volume-a/data/../../x', false],
    [`volume-b/data/${POINT}-0`, false],
    [`volume-a/ids/${POINT}-0`, false],
    [`volume-a/data/${POINT}-00`, false],
    [`volume-a/data/${POINT}-0/x`, false],
    [`volume-a/data/${POINT}-17`, true],
  ])('count as an object of the resource only if they are: %s', (name, is) => {
    expect(isNameIn('volume-a', 'data', name)).toBe(is);
  });
});

describe('the header', () => {
  it('comes back as it was written, with a tag that holds under its key alone', () => {
    const line = headerLine(HEADER, KEY);
    expect(parsedMapHeader(line)).toEqual({ ...HEADER, tag: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(tagHolds(line, KEY)).toBe(true);
    expect(tagHolds(line, Buffer.alloc(32))).toBe(false);
  });

  it('has a tag that covers every byte of it', () => {
    const line = headerLine(HEADER, KEY).trimEnd();
    for (let at = 0; at < line.length; at += 1) {
      const other = `${line.slice(0, at)}${line[at] === '1' ? '2' : '1'}${line.slice(at + 1)}`;
      expect(tagHolds(other, KEY)).toBe(false);
    }
    expect(tagHolds(`${line} `, KEY)).toBe(false);
  });

  it('without a key has no tag, and none holds', () => {
    const line = headerLine({ ...HEADER, key: null }, undefined);
    expect(line).toMatch(/"tag":null\}\n$/);
    expect(tagHolds(line, KEY)).toBe(false);
  });

  it.each<[string, (header: Record<string, unknown>) => unknown]>([
    ['another format', (header) => ({ ...header, format: 'openstack-backup checkpoint' })],
    ['a later version', (header) => ({ ...header, version: 2 })],
    ['no time', (header) => ({ ...header, taken: 'x' })],
    ['a time that is none', (header) => ({ ...header, taken: '2026-02-26T25:00:00Z' })],
    ['a time beyond all years', (header) => ({ ...header, taken: '+999999-01-01T00:00:00Z' })],
    ['another block size', (header) => ({ ...header, disk: { ...HEADER.disk, block: 4096 } })],
    ['a huge number', (header) => ({ ...header, disk: { ...HEADER.disk, size: 1e300 } })],
    ['more blocks than the disk', (header) => ({ ...header, extents: { ...HEADER.extents, blocks: 5 } })],
    ['a negative count', (header) => ({ ...header, objects: { count: -1, sha256: SHA } })],
    ['an empty set of recipients', (header) => ({ ...header, recipients: [[]] })],
    ['a point that is a path', (header) => ({ ...header, point: '../..' })],
    ['no record', () => [1]],
  ])('is refused with %s', (_, change) => {
    expect(() => parsedMapHeader(JSON.stringify(change({ ...HEADER, tag: null })))).toThrow(TypeError);
  });

  it('is refused with a version that is nested deep', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const line = headerLine(HEADER, KEY).replace('"version":1', `"version":${deep}`);
    expect(() => parsedMapHeader(line)).toThrow(new TypeError('its version is not known'));
  });

  it('of a checkpoint is none of a map', () => {
    expect(() => parsedCheckpointHeader(headerLine(HEADER, KEY))).toThrow(/format/);
  });
});

describe('lines', () => {
  const header = { ...HEADER, tag: null };
  const object = { name: dataName('volume-v1', POINT, 3), size: 100, sha256: SHA, blocks: 2, to: 0 };
  const ids = { name: `volume-v1/ids/${POINT}-0`, size: 32, sha256: SHA, segment: 0 };

  it('come back as they were written', () => {
    expect(parsedObject(objectLine(object), header)).toEqual(object);
    expect(parsedIds(idsLine(ids), header)).toEqual(ids);
    expect(extentLine([1, 2, 3, 4])).toBe('[1,2,3,4]\n');
  });

  it.each([
    ['in another folder', { ...object, name: dataName('volume-v2', POINT, 3) }],
    ['in clear where the map is sealed', { ...object, to: null }],
    ['to recipients that the map does not have', { ...object, to: 1 }],
    ['with more blocks than one may have', { ...object, blocks: 4097 }],
    ['without blocks', { ...object, blocks: 0 }],
  ])('of an object %s are refused', (_, other) => {
    expect(() => parsedObject(objectLine(other), header)).toThrow(TypeError);
  });

  it('of ids that are not whole ids are refused', () => {
    expect(() => parsedIds(idsLine({ ...ids, size: 31 }), header)).toThrow(TypeError);
  });
});

it('an id is the beginning of an HMAC under the store key', () => {
  expect(blockId(KEY, Buffer.from('abc')).length).toBe(16);
  expect(blockId(KEY, Buffer.from('abc'))).not.toEqual(blockId(Buffer.alloc(32), Buffer.from('abc')));
  // RFC 4231, test case 2.
  expect(blockId(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')).toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c7',
  );
});
