import { copiesScenarios } from '../scenarios/copies.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'copies of records, on the embedded cloud',
  copiesScenarios,
  () => embeddedWorld({ tickMs: 5, ticksPerGib: 4 }),
  600_000,
);
