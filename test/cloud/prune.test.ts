import { pruneScenarios } from '../scenarios/prune.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('prune, on a real cloud', pruneScenarios, realWorld, 600_000);
