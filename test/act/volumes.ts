import { match, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  deleteVolume,
  found,
  overwriteBytes,
  printedRestores,
  restore,
  restoredVolume,
  SIZE,
  sameBytes,
} from './look.ts';
import { carryOut, signingKeys, step, succeeds, type Wish, type World } from './world.ts';

const deploy = (volume: string): Wish => ({
  event: 'workflow_dispatch',
  example: 'pre-deployment.yml',
  inputs: { volume },
});

/** Deployments, and each way to a manifest. @param bytes of the volume "db" */
export async function volumeStory(world: World, bytes: Buffer): Promise<void> {
  const { cloud, github } = world;
  const workflow = 'pre-deployment.yml';

  await step('before a deployment: the restore point is handed on to the next job', async () => {
    const { log, run } = await succeeds(world, deploy('db'));
    match(log, new RegExp(`The restore point before it: artifact:${run.id}/`));
    const backup = found(log, /db: backup ([0-9a-f-]{36}), (?:full|incremental)/);
    strictEqual(cloud.state.backups.get(backup)?.status, 'available');
  });

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

  await step('a deployment that fails prints two ways back, and both lead there', async () => {
    const db = [...cloud.state.volumes.values()].find(({ name }) => name === 'db')?.id ?? '';
    const { exit, log } = await withDeploymentThatFails(world, () => carryOut(world, deploy(db)));
    notStrictEqual(exit, 0);
    const [fresh, over] = printedRestores(log);
    overwriteBytes(world, db, randomBytes(SIZE));
    const { log: made } = await succeeds(world, fresh);
    notStrictEqual(restoredVolume(made), db);
    sameBytes(world, restoredVolume(made), bytes);
    const { log: written } = await succeeds(world, over);
    strictEqual(restoredVolume(written), db);
    sameBytes(world, db, bytes);
    await deleteVolume(world, restoredVolume(made));
  });

  await step('a bare backup, where the manifest is lost', async () => {
    const backup = [...cloud.state.backups.keys()].at(-1) ?? '';
    const { log } = await succeeds(world, restore({ backup, name: 'bare' }));
    sameBytes(world, restoredVolume(log), bytes);
    await deleteVolume(world, restoredVolume(log));
  });

  await step('a backup that fails stops the deployment', async () => {
    const { exit, log } = await carryOut(world, deploy('there-is-none'));
    notStrictEqual(exit, 0);
    ok(!log.includes('Deploying.'), 'it was deployed all the same');
  });
}

/** The example's own deployment always succeeds; a user's may not. */
async function withDeploymentThatFails<T>({ directory }: World, work: () => Promise<T>): Promise<T> {
  const path = join(directory, 'repository/.github/workflows/pre-deployment.yml');
  const text = await readFile(path, 'utf8');
  const broken = text.replace('echo "Deploying.', 'exit 1; echo "Deploying.');
  notStrictEqual(broken, text);
  await writeFile(path, broken);
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}
