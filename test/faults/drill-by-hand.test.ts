import { join } from 'node:path';
import { test } from '@jest/globals';
import { ALL, strikeSome } from '../support/every-request.ts';
import { runsWith } from '../support/installed.ts';
import { killedAtWrites } from '../support/killed.ts';
import { CLIENT } from '../support/openstack-client/index.ts';
import { handDrills } from '../support/trials/drills.ts';

const runs = runsWith('age', 'zstd', 'python3', join(CLIENT, 'openstack'));

if (runs) await strikeSome(handDrills, 5);

(runs ? test : test.skip).each(handDrills)(
  'killed at any write, or a sample of them: $title',
  async ({ open }) => {
    const trial = await open();
    try {
      await killedAtWrites(trial, ALL ? 1 : 7);
    } finally {
      await trial.world.close();
    }
  },
  ALL ? 3_600_000 : 180_000,
);
