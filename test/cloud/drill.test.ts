import { drillScenarios } from '../scenarios/drills.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('drills, on a real OpenStack', drillScenarios, realWorld, 180_000);
