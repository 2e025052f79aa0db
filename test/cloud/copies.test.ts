import { copiesScenarios } from '../scenarios/copies.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('copies of records, on the real cloud', copiesScenarios, realWorld, 1_800_000);
