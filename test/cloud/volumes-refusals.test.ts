import { suite } from '../scenarios/suite.ts';
import { volumesRefusals } from '../scenarios/volumes.ts';
import { realWorld } from './world.ts';

suite('volumes, refused on the real cloud', volumesRefusals, realWorld, 900_000);
