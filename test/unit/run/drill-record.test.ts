import { expect, test } from '@jest/globals';
import type { Finding } from '../../../src/drill/finding.ts';
import { recordedAs } from '../../../src/run/drill-record.ts';

const subject = { entry: { point: 'p', kind: 'volume', id: 'v' } } as unknown as Parameters<
  typeof recordedAs
>[0];
const rest = { level: 'volume', seed: 7, seconds: { found: 1 }, time: '2026-11-27T00:00:00Z' } as const;
const finding: Finding = { reached: 'L3', seen: ['ext4'], size: 9, keyProved: false };

test('what passed is recorded as passed, with what it was of', () => {
  expect(recordedAs(subject, false, finding, rest as never)).toMatchObject({
    point: 'p',
    resource: { kind: 'volume', id: 'v' },
    result: 'passed',
    reached: 'L3',
    seed: 7,
    seen: ['ext4'],
  });
});

test('what failed is recorded as failed, and proves no key', () => {
  const failed = { ...finding, reached: null, why: 'other bytes' };
  const record = recordedAs(subject, false, failed, rest as never);
  expect(record).toMatchObject({ result: 'failed', reached: null, why: 'other bytes' });
  expect(record).not.toHaveProperty('key');
});

test('a key that was proved is recorded, and long words are cut', () => {
  const long = 'x'.repeat(10_000);
  const record = recordedAs(
    subject,
    true,
    { ...finding, keyProved: true, seen: [long], why: long },
    rest as never,
  );
  expect([record.key, record.by]).toEqual(['proved', 'hand']);
  expect([record.seen[0]?.length, record.why?.length]).toEqual([4096, 4096]);
});
