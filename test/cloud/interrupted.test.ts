import { interruptedScenarios } from '../scenarios/interrupted.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('runs that are ended, on the real cloud', interruptedScenarios, realWorld, 900_000);
