import { expect, test } from '@jest/globals';
import type { Entry } from '../../../src/catalog/entries.ts';
import type { Found } from '../../../src/catalog/found.ts';
import { keptWords, newestProved, withKept } from '../../../src/catalog/newest-proved.ts';

const entry = (point: string, day: number, more: object = {}) =>
  ({
    kind: 'volume',
    id: 'v',
    point,
    time: `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`,
    state: 'whole',
    ...more,
  }) as unknown as Entry;
const drilled = (reached: string) => ({ drilled: { proved: { reached } } });
const verified = (level: string, more: object = {}) => ({ verified: { level, ...more } });
const keys = [
  { manifest: { restorePoints: [{ resource: { encryption: { key: { point: 'key' } } } }] } },
] as unknown as Found[];
const kept = (...entries: Entry[]) => Object.fromEntries(newestProved(entries, keys));

test.each<[string, Entry[], object]>([
  ['nothing that nobody proved', [entry('a', 1)], {}],
  [
    'the newest, not the one that was drilled last',
    [entry('a', 1, drilled('L3')), entry('b', 2, drilled('L3'))],
    { b: 'L3' },
  ],
  [
    'a deeper one beside it',
    [entry('a', 1, drilled('L3')), entry('b', 2, drilled('L2'))],
    { a: 'L3', b: 'L2' },
  ],
  [
    'not a shallower one before it',
    [entry('a', 1, drilled('L2')), entry('b', 2, drilled('L3'))],
    { b: 'L3' },
  ],
  ['the deeper of drill and verify', [entry('a', 1, { ...drilled('L3'), ...verified('L1b') })], { a: 'L3' }],
  ['what was verified', [entry('a', 1, verified('L1a'))], { a: 'L1a' }],
  ['not by a sample', [entry('a', 1, verified('L1a', { sampled: 5 }))], {}],
  [
    'nothing that was seen damaged',
    [entry('a', 1, { ...drilled('L3'), ...verified('L0', { fault: 'x' }) })],
    {},
  ],
  [
    'nothing that is broken',
    [entry('a', 1, drilled('L3')), entry('b', 2, { ...drilled('L3'), state: 'broken' })],
    { a: 'L3' },
  ],
  [
    'of each resource',
    [entry('a', 1, drilled('L3')), entry('b', 2, { ...drilled('L3'), id: 'w' })],
    { a: 'L3', b: 'L3' },
  ],
  ['no key of a disk, which goes with that', [entry('key', 1, { ...drilled('L1b'), kind: 'secret' })], {}],
])('%s', (_what, entries, expected) => {
  expect(kept(...entries)).toEqual(expected);
  expect(kept(...entries.toReversed())).toEqual(expected);
});

test('an entry says so, in words for people too', () => {
  const [a, b] = withKept([entry('a', 1, drilled('L3')), entry('b', 2)], []);
  expect([a?.kept, b?.kept]).toEqual(['L3', undefined]);
  expect(keptWords(a?.kept)).toBe('newest point proved to L3, so pruning keeps it');
  expect(keptWords(b?.kept)).toBe('');
});
