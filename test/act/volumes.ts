import { match, notStrictEqual, strictEqual } from 'node:assert/strict';
import { deleteVolume, restore, restoredVolume, sameBytes } from './look.ts';
import { carryOut, signingKeys, step, succeeds, type World } from './world.ts';

/** Each way to a manifest. @param bytes of the volume "db" */
export async function volumeStory(world: World, bytes: Buffer): Promise<void> {
  const { cloud, github } = world;
  const workflow = 'pre-deployment.yml';

  await step('the volume is deleted, and restored from the artifact that `latest` finds', async () => {
    const source = [...cloud.state.volumes.values()].find(({ name }) => name === 'db')?.id ?? '';
    await deleteVolume(world, source);
    const { log } = await succeeds(world, restore({ manifest: 'latest', workflow, volume: 'db' }));
    match(log, /\| artifact openstack-backup-.+: of 20/);
    notStrictEqual(restoredVolume(log), source);
    sameBytes(world, restoredVolume(log), bytes);
  });

  await step('the artifact expires, and `latest` finds the release', async () => {
    for (const artifact of github.state.artifacts) artifact.expired = true;
    const inputs = { manifest: 'latest', workflow, volume: 'db', name: 'db-2' };
    const { log } = await succeeds(world, restore(inputs));
    match(log, /\| release \S+: of 20/);
    sameBytes(world, restoredVolume(log), bytes);
  });

  await step('the release by its tag', async () => {
    // The last but one: the last is the record of what was pruned.
    const tag = github.state.releases.at(-2)?.tag ?? '';
    const inputs = { manifest: `release:${tag}`, volume: 'db', name: 'db-3' };
    const { log } = await succeeds(world, restore(inputs));
    sameBytes(world, restoredVolume(log), bytes);
  });

  await step('a release signed with another key is refused, and nothing is made', async () => {
    const before = cloud.state.volumes.size;
    const wish = restore({ manifest: 'latest', volume: 'db', name: 'db-4' });
    const { exit, log } = await carryOut(world, { ...wish, verifyKey: signingKeys().verify });
    notStrictEqual(exit, 0);
    match(log, /a key other than|not signed|no manifest/);
    strictEqual(cloud.state.volumes.size, before);
  });

  await step('a bare backup, where the manifest is lost', async () => {
    const backup = [...cloud.state.backups.keys()].at(-1) ?? '';
    const { log } = await succeeds(world, restore({ backup, name: 'bare' }));
    sameBytes(world, restoredVolume(log), bytes);
    await deleteVolume(world, restoredVolume(log));
  });
}
