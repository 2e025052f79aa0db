import { embeddedWorld } from '../scenarios/embedded.ts';
import { rawScenarios } from '../scenarios/raw.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'raw disks, on the embedded cloud',
  rawScenarios,
  () => embeddedWorld({ rootFormat: 'qcow2' }),
  120_000,
);
