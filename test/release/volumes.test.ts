import { realWorld } from '../cloud/world.ts';
import { suite } from '../scenarios/suite.ts';
import { fullBackups } from '../scenarios/volumes.ts';

// A short set for the older releases, in three files that take about as long, for as many workers: test/cloud/releases.sh
// runs it, or all of test/cloud.
suite('volumes, on an older release', [fullBackups], realWorld, 900_000);
