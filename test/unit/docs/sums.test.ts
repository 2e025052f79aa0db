import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseArguments } from '../../../src/host/terminal/arguments.ts';
import { pruneInputs } from '../../../src/inputs/prune.ts';
import { parseInputs } from '../../../src/inputs/table.ts';
import { termsOf } from '../../../src/prune/terms.ts';
import { simulated } from '../../../src/run/prune/simulated.ts';

/** The figures themselves are made by `npm run generate`, and CI proves them fresh. */
const page = readFileSync(new URL('../../../docs/retention-and-quota.md', import.meta.url), 'utf8');
const [, held = ''] = /<!-- held: .*?-->\n([\s\S]*?)<!-- end of held -->/.exec(page) ?? [];
const rows = held
  .trim()
  .split('\n')
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the most that the command on the page prints, on the days of a week, is what the table says', () => {
  const [, line = ''] = /^openstack-backup prune (--simulate .*)$/m.exec(page) ?? [];
  const { raw } = parseArguments(line.split(' '), pruneInputs);
  const given = parseInputs(pruneInputs, raw);
  const peaks = Array.from({ length: 7 }, (_, day) => {
    const now = Date.parse(`2026-11-${23 + day}T12:00:00Z`);
    return Number(simulated(given.simulate ?? '', given['max-chain'], termsOf(given), now).outputs.peak);
  });
  const row = rows.find(([, keep, chain]) => keep === 'daily: 14, weekly: 8' && chain === '7');
  expect(Math.max(...peaks)).toBe(Number(row?.[3]));
});

test('without chains, daily: N needs N and the new one; each sum is the number of volumes times that', () => {
  const without = rows.filter(([, keep, chain]) => /^daily: \d+$/.test(keep ?? '') && chain === '1');
  expect(without.map(([, keep, , most]) => [keep, most])).toEqual([
    ['daily: 7', '8'],
    ['daily: 14', '15'],
  ]);
  expect(rows.length).toBe(15);
  for (const [, , , most, one, five, forty] of rows) {
    const of = (count: number) => `${count * Number(most)} backups, ${count * Number(most) * 50} GB`;
    expect([one, five, forty]).toEqual([of(1), of(5), of(40)]);
  }
});
