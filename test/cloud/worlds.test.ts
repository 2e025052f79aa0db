import { suite } from '../scenarios/suite.ts';
import { worldScenarios } from '../scenarios/worlds.ts';
import { realWorld } from './world.ts';

suite('the world of the real cloud', worldScenarios, realWorld, 300_000);
