import { suite } from '../scenarios/suite.ts';
import { volumesScenarios } from '../scenarios/volumes.ts';
import { realWorld } from './world.ts';

suite('volumes, on the real cloud', volumesScenarios, realWorld, 900_000);
