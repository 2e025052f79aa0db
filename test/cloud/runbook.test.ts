import { runbookScenarios } from '../scenarios/runbook.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('RESTORE.md, on the real cloud', runbookScenarios, realWorld, 900_000);
