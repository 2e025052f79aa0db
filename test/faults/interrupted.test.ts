import { embeddedWorld } from '../scenarios/embedded.ts';
import { interruptedScenarios } from '../scenarios/interrupted.ts';
import { suite } from '../scenarios/suite.ts';

// A backup of 1 GiB takes two seconds, so that there is a middle to end it in.
suite(
  'runs that are ended, on the embedded cloud',
  interruptedScenarios,
  () => embeddedWorld({ tickMs: 200, ticksPerGib: 9 }),
  180_000,
);
