import { deepStrictEqual, match, strictEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { found, printedRestores, SIZE, sameBytes } from './look.ts';
import { step, succeeds, type World } from './world.ts';

export async function serverStory(world: World, bytes: Buffer): Promise<void> {
  const { cloud } = world;
  await step(
    'a server is saved out of the cloud, all of it deleted, keys too, and brought back',
    async () => {
      const { root, data } = await makeServer(world, bytes);
      const variables = { BACKUP_STORE: `directory:${join(world.directory, 'disk')}` };
      const { log: weekly } = await succeeds(world, {
        event: 'schedule',
        example: 'weekly-offsite.yml',
        variables,
      });
      const payloads = await readdir(join(world.directory, 'disk'));
      deepStrictEqual(payloads.map((name) => name.split('-')[0]).sort(), [
        'manifests',
        'secret',
        'server',
        'volume',
      ]);
      for (const server of cloud.state.servers.values()) cloud.seed.detach(server, data);
      cloud.state.servers.clear();
      cloud.seed.removeVolume(data);
      strictEqual(cloud.state.secrets.size, 0);
      const [printed, ...more] = printedRestores(weekly);
      deepStrictEqual([printed?.example, more], ['manual-restore-server.yml', []]);
      const { log } = await succeeds(world, printed && { ...printed, variables });
      const server = cloud.state.servers.get(found(log, /Server ([0-9a-f-]{36})/));
      deepStrictEqual(server?.root?.read(0, SIZE), root);
      sameBytes(world, server?.volumes[0]?.volumeId ?? '', bytes);
      match(log, /user data and injected files/);
    },
  );
}

/** One with a disk of its own and an encrypted volume. */
async function makeServer({ cloud }: World, bytes: Buffer) {
  const root = randomBytes(SIZE);
  root.fill(0, 0, 512);
  const image = await cloud.seed.addImage(SparseBytes.from(root), { name: 'debian' });
  const data = cloud.seed.addVolume({ name: 'data', type: 'luks', bytes });
  cloud.seed.addServer({ name: 'web', image, volumes: [data], metadata: { backup: 'weekly' } });
  return { root, data };
}
