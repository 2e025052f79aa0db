import { join } from 'node:path';
import { CLIENT } from '../scenarios/by-hand.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { networksByHand } from '../scenarios/server-networks.ts';
import { suite } from '../scenarios/suite.ts';
import { installed } from '../support/installed.ts';

suite('RESTORE.md, carried out on the embedded cloud', networksByHand, embeddedWorld, 180_000, {
  skip: !installed(join(CLIENT, 'openstack')),
});
