import { describe, test } from '@jest/globals';
import { interruptedScenarios } from '../scenarios/interrupted.ts';
import { realWorld } from './world.ts';

describe('runs that are ended, on the real cloud', () => {
  test.each(interruptedScenarios)(
    '$name',
    async (scenario) => {
      const world = await realWorld();
      try {
        await scenario.run(world);
      } finally {
        await world.close();
      }
    },
    900_000,
  );
});
