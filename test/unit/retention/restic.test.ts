import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../src/retention/policy.ts';
import { applyRules } from '../../../src/retention/rules.ts';

/** Made by test/retention/ask-restic.ts. */
interface Table {
  readonly version: string;
  readonly policies: readonly Policy[];
  readonly histories: Readonly<Record<string, Asked>>;
}

interface Asked {
  readonly zone: string;
  readonly points: readonly { readonly time: string; readonly tags: readonly string[] }[];
  /** For each policy, the times that restic keeps. */
  readonly kept: readonly (readonly string[])[];
}

const table = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../retention/verdicts.json'), 'utf8'),
) as Table;

const NOW = Date.parse('2026-11-26T00:00:00Z');

function keptByUs({ zone, points }: Asked, policy: Policy): string[] {
  const newestFirst = points
    .map(({ time, tags }) => ({ time: Date.parse(time), tags }))
    .sort((a, b) => b.time - a.time);
  const reasons = applyRules(newestFirst, policy, zone, NOW);
  return (
    newestFirst
      // Debian's restic does not keep the oldest point while a rule is not filled, as newer ones do.
      .filter((_point, index) => reasons[index]?.some((reason) => !reason.startsWith('oldest ')))
      .map(({ time }) => new Date(time).toISOString())
      .sort()
  );
}

test('the table is as large as it is told to be', () => {
  const histories = Object.values(table.histories);
  const points = histories.reduce((sum, { points: all }) => sum + all.length, 0);
  process.stdout.write(
    `${table.version}: ${table.policies.length} policies over ${histories.length} histories of ${points} points\n`,
  );
  expect(table.policies.length).toBeGreaterThanOrEqual(40);
  expect(histories).toHaveLength(10);
  expect(points).toBeGreaterThan(900);
  // A table in which everything is kept would agree with anybody.
  const kept = histories.flatMap(({ kept: all }) => all).reduce((sum, times) => sum + times.length, 0);
  expect(kept).toBeLessThan((points * table.policies.length) / 2);
});

describe.each(Object.entries(table.histories))(
  '%s: the same points are kept as by restic',
  (_name, asked) => {
    test.each(table.policies.map((policy, index) => [JSON.stringify(policy), policy, index] as const))(
      '%s',
      (_words, policy, index) => {
        expect(keptByUs(asked, policy)).toEqual(asked.kept[index]);
      },
    );
  },
);
