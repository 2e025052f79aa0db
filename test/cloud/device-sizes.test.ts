import { deviceSizes } from '../scenarios/device-sizes.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('encrypted devices of other sizes, on the real cloud', deviceSizes, realWorld, 900_000);
