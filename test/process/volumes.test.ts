import { describe, test } from '@jest/globals';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { volumeScenarios } from '../scenarios/volumes.ts';

describe('volumes, on the embedded cloud', () => {
  test.each(volumeScenarios)(
    '$name',
    async (scenario) => {
      const world = await embeddedWorld();
      try {
        await scenario.run(world);
      } finally {
        await world.close();
      }
    },
    180_000,
  );
});
