import { expect, test } from '@jest/globals';
import { badgeOf } from '../../../src/planfile/badge.ts';

const none = { failing: 0, uncovered: 0, stale: 0, covered: 0, excluded: 0 };

test.each([
  [{ covered: 12, excluded: 1 }, '', '12 covered (2026-11-26)', 'brightgreen'],
  [{ covered: 12, stale: 2 }, '2 stale', '2 stale (2026-11-26)', 'red'],
  [{ covered: 12, uncovered: 3 }, '', '12 covered, 3 uncovered (2026-11-26)', 'yellow'],
  [{ failing: 1 }, '', '0 covered, 1 failing (2026-11-26)', 'yellow'],
  [{}, '', 'nothing to back up (2026-11-26)', 'lightgrey'],
  [{ excluded: 2 }, '', 'nothing to back up (2026-11-26)', 'lightgrey'],
])('%j, %j: %s', (counts, failure, message, color) => {
  expect(badgeOf({ ...none, ...counts }, failure, Date.parse('2026-11-26T23:59:00Z'))).toEqual({
    schemaVersion: 1,
    label: 'backups',
    message,
    color,
  });
});
