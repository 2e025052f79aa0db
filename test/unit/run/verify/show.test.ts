import { expect, test } from '@jest/globals';
import { verdictTable } from '../../../../src/run/verify/show.ts';
import type { Verdict } from '../../../../src/verify/verdict.ts';

const verdict = (more: Partial<Verdict>) =>
  ({
    subject: { entry: { time: '2026-11-23T00:00:00Z', kind: 'volume', name: 'db' } },
    level: 'L1a',
    notes: [],
    ...more,
  }) as unknown as Verdict;

test.each<[Partial<Verdict>, string]>([
  [{ level: 'L0' }, 'the manifest is unaltered, and all that it needs is there'],
  [{}, 'the stored bytes are unchanged'],
  [{ sampled: 5 }, 'the stored bytes that were read are unchanged'],
  [{ level: 'L1b' }, 'it opens, and is what was saved'],
  [{ level: 'L2', notes: ['a GPT', 'ext4'] }, 'a GPT; ext4'],
  [{ fault: 'it is short' }, 'damaged: it is short'],
  [{ unsure: 'no answer' }, 'not verified: no answer'],
])('%j is told as: %s', (more, words) => {
  expect(verdictTable([verdict(more)], []).split('\n')[3]).toMatch(new RegExp(`\\| ${words} +\\|$`));
});
