import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';
import { volumesRefusals, volumesScenarios } from '../scenarios/volumes.ts';

suite(
  'volumes, on the embedded cloud',
  [...volumesScenarios, ...volumesRefusals],
  () => embeddedWorld(),
  180_000,
);
