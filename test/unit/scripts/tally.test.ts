import { expect, test } from '@jest/globals';
import { type Counted, failuresOf, passedOf } from '../../../scripts/tally/count.ts';

type One = Counted['testResults'][number]['assertionResults'][number];

const one = (more: Partial<One> = {}): One => ({
  fullName: 'a test',
  status: 'passed',
  numPassingAsserts: 1,
  ...more,
});
const report = (assertionResults: One[], status = 'passed'): Counted => ({
  testResults: [{ name: 'a.test.ts', status, assertionResults }],
});

test('as many tests as the floor, each of which asserts something, are well', () => {
  expect(failuresOf(report([one(), one()]), 2)).toEqual([]);
  expect(passedOf(report([one(), one()]))).toBe(2);
});

test.each<[string, Partial<Counted>, number | undefined, string[]]>([
  ['fewer than the floor', report([one()]), 2, ['1 tests passed, test/floors.json wants 2']],
  ['no floor', report([one()]), undefined, ['test/floors.json has no floor for it']],
  ['no report', {}, 1, ['0 tests passed, test/floors.json wants 1']],
  ['a failed test', report([one(), one({ status: 'failed' })], 'failed'), 1, ['failed: a test']],
  ['a skipped one', report([one(), one({ status: 'pending' })]), 1, ['pending: a test']],
  ['one left to do', report([one(), one({ status: 'todo' })]), 1, ['todo: a test']],
  [
    'one that asserts nothing, which is no test',
    report([one(), one({ numPassingAsserts: 0 })]),
    2,
    ['asserts nothing: a test', '1 tests passed, test/floors.json wants 2'],
  ],
  ['a file that does not even load', report([], 'failed'), 0, ['did not run: a.test.ts']],
  ['a file whose clean-up failed', report([one()], 'failed'), 1, ['did not run: a.test.ts']],
])('%s fails', (_, counted, floor, failures) => {
  expect(failuresOf(counted, floor)).toEqual(failures);
});
