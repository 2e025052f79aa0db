import { suite } from '../scenarios/suite.ts';
import { unlockOutside } from '../scenarios/unlock.ts';
import { realWorld } from './world.ts';

suite('unlocking outside the cloud, with data of the real one', [unlockOutside], realWorld, 300_000);
