import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity } from 'age-encryption';
import { startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { startFakeGitHub } from '../fakes/github/index.ts';
import { deploymentStory } from './deployments.ts';
import { environmentsOf } from './environments.ts';
import { heldStory } from './held.ts';
import { SIZE } from './look.ts';
import { offCloudStory } from './off-cloud.ts';
import { planStory } from './plan.ts';
import { serverStory } from './servers.ts';
import { volumeStory } from './volumes.ts';
import { act, publish, signingKeys, stepsPassed } from './world.ts';

/**
 * `npm run test:act`: the examples as they stand, carried out by act on this machine, with what is published (`dist/` and
 * `actions/`) as OWNER/openstack-backup@v1. GitHub's services are the fake's, the cloud is the embedded one, so the real
 * clients run. act has the workflow's side: inputs, outputs, secrets, jobs, post steps.
 */
if (!existsSync(act)) throw new Error('act is not there: run npm run tools -- act');
const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-act-'));
try {
  await publish(directory);
  // What it calls a GiB is small: all of a server's disks are downloaded.
  await using cloud = await startEmbeddedCloud({
    gibBytes: 2 * SIZE,
    capabilities: { luksHeaderInside: true },
  });
  await using github = await startFakeGitHub();
  const keys = signingKeys();
  const identity = await generateIdentity();
  const environments = await environmentsOf(cloud);
  const world = { cloud, github, directory, keys, identity, environments };
  const bytes = await planStory(world);
  await heldStory(world);
  await deploymentStory(world, bytes);
  await volumeStory(world, bytes);
  await serverStory(world, bytes);
  await offCloudStory({ directory, keys, identity });
  process.stdout.write(`${stepsPassed()} passed, 0 failed\n`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
