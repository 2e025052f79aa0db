import { embeddedWorld } from '../scenarios/embedded.ts';
import { pruneScenarios } from '../scenarios/prune.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'prune, on the embedded cloud',
  pruneScenarios,
  () => embeddedWorld({ gibBytes: 16 * 1024 ** 2 }),
  180_000,
);
