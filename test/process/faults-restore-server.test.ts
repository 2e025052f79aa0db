import { afterAll, expect, test } from '@jest/globals';
import { backupServer } from '../../src/commands/backup-server.ts';
import { restoreServer } from '../../src/commands/restore-server.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { strikeEveryRequest, type Trial } from '../support/every-request.ts';
import { standing, temporaries } from '../support/standing.ts';
import { digestsOf, prepared } from '../support/struck-servers.ts';

const keeper = await makeKeeper();
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';
const sealed = { store, recipients: keeper.recipient };

const KEY_PAIR = 'deploy';

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
}, 60_000);

async function restores(which: 'fromVolume' | 'fromImage', more: Record<string, string>): Promise<Trial> {
  const all = await prepared();
  const { world, run, [which]: server } = all;
  const { state } = world.cloud;
  await world.makeKeyPair(KEY_PAIR);
  server.keyName = KEY_PAIR;
  const saved = await run(backupServer, { servers: server.id, ...more });
  state.keypairs.splice(0);
  const manifest = saved.outputs['manifest'] ?? '';
  const digests = [...digestsOf(all, server).values()].sort();
  return {
    world,
    run: () => run(restoreServer, { manifest, store, identity, 'allow-unsigned': 'true' }),
    prove: async ({ code, outputs }) => {
      if (code !== 0) return [];
      const made = state.servers.get(outputs['server-id'] ?? '');
      if (made === undefined) throw new Error('there is no server');
      const { name, metadata, keyName } = server;
      expect(made).toMatchObject({ name, status: 'ACTIVE', metadata, keyName });
      expect([...digestsOf(all, made).values()].sort()).toEqual(digests);
      const report = JSON.parse(outputs['report'] ?? '{}') as { disks: { id: string }[] };
      const disks = report.disks.map(({ id }) => id);
      return [
        made.id,
        KEY_PAIR,
        ...disks,
        ...disks.flatMap((id) => state.volumes.get(id)?.encryptionKeyId ?? []),
      ];
    },
  };
}

const title = 'a fault in the middle of restore-server';
const reads = new Set<string>();
await strikeEveryRequest(`${title}, from Cinder backups`, () => restores('fromVolume', {}), reads);
await strikeEveryRequest(`${title}, from a store`, () => restores('fromImage', sealed), reads);

test('a server that Nova refuses leaves no volume reserved: those before the refused one are free again, and removed', async () => {
  const { world, run, fromVolume } = await prepared();
  worlds.push(world);
  const { cloud } = world;
  const saved = await run(backupServer, { servers: fromVolume.id });
  const before = standing(cloud);
  const restore = () =>
    run(restoreServer, { manifest: saved.outputs['manifest'] ?? '', 'allow-unsigned': 'true' });
  const made = () => [...cloud.state.volumes.values()].filter(({ id }) => !before.has(id));
  const meddle = () => {
    const data = made().find(({ bootable }) => !bootable);
    if (data !== undefined) data.status = 'maintenance';
    return false;
  };
  cloud.faults.add({ when: { method: 'POST', path: /\/servers$/, body: meddle }, do: { status: 500 } });
  const refused = await restore();
  expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('status must be available')]);
  cloud.faults.clear();
  await cloud.ticks.settle();
  expect(standing(cloud)).toEqual(before);
  expect(made().map(({ status }) => status)).toEqual(['maintenance']);
  for (const volume of made()) volume.status = 'available';
  expect((await restore()).code).toBe(0);
  await cloud.ticks.settle();
  expect(temporaries(cloud)).toEqual([]);
});
