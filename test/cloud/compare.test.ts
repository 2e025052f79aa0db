import { describe, expect, test } from '@jest/globals';
import { compare, PARTS, unexpected } from '../fakes/compare/index.ts';
import { KNOWN } from '../fakes/compare/known.ts';
import { DEMO } from './person.ts';

/** In the beginning there is nothing to compare: an outage must not pass for likeness. */
const LEAST = 5;

describe('the embedded cloud answers as the real one', () => {
  // These wait for backups, which take minutes on a busy machine: `node test/fakes/compare.ts` runs them by hand.
  const slow = ['journeys', 'volumes', 'servers'];
  test.each(Object.keys(PARTS).filter((part) => !slow.includes(part)))(
    '%s',
    async (part) => {
      const { compared, differences } = await compare('http://127.0.0.1:5000/v3', DEMO, part);
      expect(compared).toBeGreaterThan(LEAST);
      expect(unexpected(part, differences, KNOWN)).toEqual({ differences: [], stale: [] });
    },
    600_000,
  );
});
