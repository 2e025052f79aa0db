import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { differenceTold, offsetOf } from '../../../src/openstack/cloud-time.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { openEmbedded } from '../../support/embedded.ts';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-11-23T12:00:00.000Z');

describe('the cloud’s clock', () => {
  test.each([
    ['the same, cut to the second', { sent: NOON + 300, received: NOON + 400, date: NOON }, 0],
    ['the same, after a slow answer', { sent: NOON, received: NOON + 90_000, date: NOON + 30_000 }, 0],
    ['an hour ahead', { sent: NOON, received: NOON, date: NOON + HOUR }, HOUR + 500],
    ['an hour behind', { sent: NOON, received: NOON + 1000, date: NOON - HOUR }, 0 - HOUR],
  ])('%s', (_, seen, expected) => {
    expect(offsetOf(seen)).toBe(expected);
  });

  test.each([
    [59_000, undefined],
    [-59_000, undefined],
    [2 * HOUR, 'the clock of this machine is 2 h 0 min behind the cloud'],
    [-2 * HOUR, 'the clock of this machine is 2 h 0 min ahead of the cloud'],
  ])('a difference of %i ms is told from a minute on', (offset, said) => {
    const told = differenceTold(offset);
    if (said === undefined) expect(told).toBeUndefined();
    else expect(told).toContain(said);
  });

  test.each([-2 * HOUR, 2 * HOUR])(
    'counts in a session whose machine is %i ms off, which is told once',
    async (off) => {
      const warned: string[] = [];
      const clock = { ...systemClock, now: () => Date.now() + off };
      const log = { ...silentLog, warn: (text: string) => void warned.push(text) };
      await using opened = await openEmbedded({}, { clock, log });
      const { session } = opened;
      expect(Math.abs(session.clock.now() - Date.now())).toBeLessThan(5_000);
      // A token of this age is fresh, and good for nearly an hour, whatever the machine believes.
      expect(await session.freshToken()).toBeGreaterThan(0.9 * HOUR);
      expect(opened.asked('/identity/').filter((line) => line.startsWith('POST'))).toHaveLength(1);
      expect(warned).toEqual([
        expect.stringContaining(`the clock of this machine is 2 h 0 min ${off < 0 ? 'behind' : 'ahead'}`),
      ]);
    },
  );
});

test('time never goes back, though a clock that is set wrong while it runs seems to be ahead at the next login', async () => {
  let off = 0;
  const clock = { ...systemClock, now: () => Date.now() + off };
  await using opened = await openEmbedded({}, { clock });
  const { session } = opened;
  off = 2 * 60_000;
  const before = session.clock.now();
  await session.freshToken();
  expect(opened.asked('/identity/').filter((line) => line.startsWith('POST'))).toHaveLength(2);
  expect(session.clock.now()).toBeGreaterThanOrEqual(before);
});
