import { realWorld } from '../cloud/world.ts';
import { imagesScenarios } from '../scenarios/images.ts';
import { suite } from '../scenarios/suite.ts';
import { backupAndRestore } from '../scenarios/volumes.ts';

// A short set for the older releases: test/cloud/releases.sh runs it, or all of test/cloud.
const images = imagesScenarios.filter(({ name }) => /^(an image comes back|bytes that)/.test(name));

suite('volumes and images, on an older release', [backupAndRestore, ...images], realWorld, 900_000);
