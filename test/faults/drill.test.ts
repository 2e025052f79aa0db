import { strikeEveryRequest, strikeSome } from '../support/every-request.ts';
import { backupDrills, bootDrills, storeDrills } from '../support/trials/drills.ts';

await strikeEveryRequest(backupDrills);
// What it does besides is what a restore from a store does.
await strikeSome(storeDrills);
await strikeSome(bootDrills);
