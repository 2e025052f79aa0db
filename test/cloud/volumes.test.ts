import { describe, test } from '@jest/globals';
import { volumeScenarios } from '../scenarios/volumes.ts';
import { realWorld } from './world.ts';

describe('volumes, on the real cloud', () => {
  test.each(volumeScenarios)(
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
