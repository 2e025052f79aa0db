import { expect, test } from '@jest/globals';
import { parseReceipt, receiptOf } from '../../../src/manifest/receipt.ts';
import { saysAll, sealedSubjects } from '../../../src/verify/sealed.ts';
import {
  backupPoint,
  imagePoint,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';
import { pointWith } from './verifying.ts';

const [image, key] = [imagePoint(), secretPoint()];
const map = 'volume-v1/maps/20261126T010203Z-';
const made = pointWith({
  name: '',
  size: 5,
  digest: { algorithm: 'sha256', value: 'ab' },
  stored: { size: 7, sha256: 'a'.repeat(64) },
});
const disk = {
  ...made,
  payload: { ...('payload' in made ? made.payload : null), name: `${map}${made.id}` },
} as typeof made;
const manifest = manifestWith(image, key, disk, backupPoint());
/** As a run reads it that cannot open the manifest. */
const receipt = parseReceipt(JSON.stringify({ receipt: receiptOf(manifest) }));
const sizes = new Map([
  [image.payload.name, image.payload.stored.size],
  [key.payload.name, key.payload.stored.size],
  [`${map}${disk.id}`, 7],
]);
const subjects = (held: ReadonlyMap<string, number>, since?: number) =>
  sealedSubjects([{ reference: '/m', receipt }], held, since);

test('an envelope says enough to find and compare all that its manifest has in the store', () => {
  const { subjects: found, absent } = subjects(sizes);
  expect(absent).toBe(0);
  expect(
    found.map(({ parts: [part] }) => [
      part?.stored?.payload.name,
      part?.stored?.payload.layout,
      part?.state.state,
    ]),
  ).toEqual([
    [image.payload.name, 'file', 'whole'],
    [key.payload.name, 'file', 'whole'],
    [`${map}${disk.id}`, 'blocks', 'whole'],
  ]);
  expect(found[0]?.parts[0]?.stored?.payload.stored).toEqual(image.payload.stored);
});

test('what is not there is counted, and what has another size is damaged', () => {
  const held = new Map([[image.payload.name, 1]]);
  const { subjects: found, absent } = subjects(held);
  expect(absent).toBe(2);
  expect(found.map(({ parts: [part] }) => part?.state)).toEqual([
    { state: 'broken', why: expect.stringContaining('has 1 bytes, but') },
  ]);
});

test('only what is new enough is looked at', () => {
  expect(subjects(sizes, Date.parse('2027-01-01')).subjects).toEqual([]);
});

test('an envelope tells strangers no name and no id but that of the point', () => {
  const text = JSON.stringify(receipt);
  for (const { resource } of manifest.restorePoints) expect(text).not.toContain(resource.id);
  expect(text).not.toContain('payload');
});

test('an envelope from before says that something left the cloud, but not what', () => {
  const old = (...points: Parameters<typeof manifestWith>) => {
    const { points: all, ...rest } = receiptOf(manifestWith(...points));
    return { ...rest, points: all.map(({ stored: _stored, ...point }) => point) };
  };
  expect(saysAll(receipt)).toBe(true);
  expect(saysAll(old(backupPoint(), serverPoint()))).toBe(true);
  expect(saysAll(old(image))).toBe(false);
  expect(saysAll(old(key))).toBe(false);
  expect(saysAll(old(volumeImagePoint()))).toBe(false);
});

test.each([
  ['a path', { point: '../../etc/passwd' }],
  ['a negative size', { size: -1 }],
  ['no digest', { sha256: 'x' }],
])('an envelope with %s says nothing', (_what, change) => {
  const points = receipt.points.map((point) => ({
    ...point,
    ...(point.stored && { stored: { ...point.stored, ...change } }),
  }));
  expect(() => parseReceipt(JSON.stringify({ receipt: { ...receipt, points } }))).toThrow(TypeError);
});
