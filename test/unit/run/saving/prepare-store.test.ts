import { expect, test } from '@jest/globals';
import { toldPayload } from '../../../../src/run/saving/prepare-store.ts';

const PLACES = [
  { kind: 'artifact' },
  { kind: 'release' },
  { kind: 'directory', path: '/mnt/store' },
] as const;
const told = (...doubts: string[]) => toldPayload('/mnt/store', 'volume-1.zst.age', PLACES, doubts);

test('of a payload that no manifest names it says which were asked, and which were not', () => {
  expect(told()).toContain(
    'No manifest in the artifacts of this workflow, the releases, /mnt/store names it; one of another project or workflow may. ',
  );
  expect(told()).toMatch(/ or, if nobody needs it, remove it with: rm \/mnt\/store\/volume-1\.zst\.age$/);
});

test('of doubts it says how many more there are', () => {
  expect(told('a is not JSON')).toContain('is not known: a is not JSON. One of another project');
  expect(told('a is not JSON', 'b')).toContain('a is not JSON, and 1 more doubt. ');
  expect(told('a is not JSON', 'b', 'c')).toContain('a is not JSON, and 2 more doubts. ');
});
