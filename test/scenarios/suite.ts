import { test } from '@jest/globals';
import { describeWith } from '../support/installed.ts';
import { noteWorld } from './seen.ts';
import type { Scenario } from './steps.ts';
import type { World } from './world.ts';

/** Each scenario on a world of its own, which is closed, and with that hunted for secrets, whatever happens. They are skipped without the programs in `needs`. */
export function suite<W extends World>(
  title: string,
  scenarios: readonly Scenario<W>[],
  open: () => Promise<W>,
  timeoutMs: number,
  needs: readonly string[] = [],
): void {
  describeWith(...needs)(title, () => {
    test.each(scenarios)(
      '$name',
      async (scenario) => {
        const world = await open();
        try {
          await noteWorld(world);
          await scenario.run(world);
        } finally {
          await world.close();
        }
      },
      timeoutMs,
    );
  });
}
