import { join } from 'node:path';
import { CLIENT } from '../scenarios/by-hand.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { runbookScenarios } from '../scenarios/runbook.ts';
import { networksByHand } from '../scenarios/server-networks.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'RESTORE.md, on the embedded cloud',
  [...runbookScenarios, ...networksByHand],
  () => embeddedWorld({ capabilities: { luksHeaderInside: true } }),
  180_000,
  [join(CLIENT, 'openstack')],
);
