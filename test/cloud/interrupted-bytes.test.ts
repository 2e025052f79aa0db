import { interruptedBytesScenarios } from '../scenarios/interrupted-bytes.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite(
  'runs that are ended while bytes stream, on the real cloud',
  interruptedBytesScenarios,
  realWorld,
  900_000,
);
