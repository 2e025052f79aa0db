import { describe, test } from '@jest/globals';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { interruptedScenarios } from '../scenarios/interrupted.ts';

describe('runs that are ended, on the embedded cloud', () => {
  test.each(interruptedScenarios)(
    '$name',
    async (scenario) => {
      // A backup of 1 GiB takes two seconds, so that there is a middle to end it in.
      const world = await embeddedWorld({ tickMs: 200, ticksPerGib: 9 });
      try {
        await scenario.run(world);
      } finally {
        await world.close();
      }
    },
    180_000,
  );
});
