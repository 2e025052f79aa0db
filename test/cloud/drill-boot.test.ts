import { bootScenarios } from '../scenarios/drills.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('drills that boot, on a real OpenStack', bootScenarios, realWorld, 180_000);
