import { embeddedWorld } from '../scenarios/embedded.ts';
import { interruptedBytesScenarios } from '../scenarios/interrupted-bytes.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'runs that are ended while bytes stream, on the embedded cloud',
  interruptedBytesScenarios,
  () => embeddedWorld({ tickMs: 20, capabilities: { luksHeaderInside: true } }),
  180_000,
);
