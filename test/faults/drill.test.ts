import { test } from '@jest/globals';
import { ALL, strikeEveryRequest, strikeSome } from '../support/every-request.ts';
import { killedAtWrites } from '../support/killed.ts';
import {
  backupDrills,
  bootDrills,
  heldDrills,
  imageDrills,
  serverDrills,
  storeDrills,
} from '../support/trials/drills.ts';

await strikeEveryRequest([...backupDrills, ...imageDrills]);
// What these do besides is what those do, and a restore from a store.
await strikeSome([...storeDrills, ...serverDrills]);
await strikeSome([...bootDrills, ...heldDrills]);

// One that holds a server dies in its step or in its post step.
test.each([...serverDrills, ...imageDrills, ...heldDrills, ...(ALL ? bootDrills : [])])(
  'killed at any write: $title',
  async ({ open }) => {
    const trial = await open();
    try {
      await killedAtWrites(trial, 1);
    } finally {
      await trial.world.close();
    }
  },
  ALL ? 1_800_000 : 180_000,
);
