import { afterAll, expect, test } from '@jest/globals';
import { backupServer } from '../../src/commands/backup-server.ts';
import { restoreServer } from '../../src/commands/restore-server.ts';
import type { CloudState } from '../fakes/cloud/index.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { strikeEveryRequest, type Trial } from '../support/every-request.ts';
import type { Told } from '../support/in-process.ts';
import { standing, temporaries } from '../support/standing.ts';
import { digestOf, digestsOf, prepared } from '../support/struck-servers.ts';

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
    prove: async ({ code, outputs, log }) => {
      // What has its data is there and told, also where the restore failed behind it.
      if (outputs['report'] === undefined) {
        expect(code).not.toBe(0);
        return [];
      }
      const made = state.servers.get(outputs['server-id'] ?? '');
      expect([code, made]).not.toEqual([0, undefined]);
      expectKept({ code, outputs, log }, state, digests);
      const { name, metadata, keyName } = server;
      if (made !== undefined) {
        expect(made).toMatchObject({ name, status: 'ACTIVE', keyName });
        expect([...digestsOf(all, made).values()].sort()).toEqual(digests);
        if (code === 0) expect(made.metadata).toEqual(metadata);
      }
      const report = JSON.parse(outputs['report'] ?? '{}') as { disks: { id: string }[] };
      const disks = report.disks.map(({ id }) => id);
      return [
        ...(made === undefined ? [] : [made.id, KEY_PAIR]),
        ...disks,
        ...disks.flatMap((id) => state.volumes.get(id)?.encryptionKeyId ?? []),
      ];
    },
  };
}

/** What a failed restore says that it kept is there, whole, and told. */
function expectKept(
  { code, outputs, log }: Pick<Told, 'code' | 'outputs' | 'log'>,
  state: CloudState,
  digests: readonly string[],
): void {
  const kept: { kind: string; id: string; name: string }[] = JSON.parse(outputs['kept'] ?? '[]');
  expect(kept.length > 0).toBe(code !== 0);
  for (const { kind, id, name } of kept) {
    const disk = kind === 'image' ? state.images.get(id) : state.volumes.get(id);
    if (kind !== 'server') expect(digests).toContain(digestOf(disk?.data));
    // With a server, what failed at a disk is told of that server, by the disk's id.
    const server = outputs['server-id'];
    expect(log).toContain(server === undefined || id === server ? `${kind} "${name}" (${id})` : id);
  }
}

const title = 'a fault in the middle of restore-server';
const reads = new Set<string>();
await strikeEveryRequest(`${title}, from Cinder backups`, () => restores('fromVolume', {}), reads);
await strikeEveryRequest(`${title}, from a store`, () => restores('fromImage', sealed), reads);

test('a server that Nova refuses leaves no volume reserved: its disks are free, and stay', async () => {
  const { world, run, fromVolume } = await prepared();
  worlds.push(world);
  const { cloud } = world;
  const saved = await run(backupServer, { servers: fromVolume.id });
  const before = standing(cloud);
  const made = () => [...cloud.state.volumes.values()].filter(({ id }) => !before.has(id));
  const meddle = () => {
    const data = made().find(({ bootable }) => !bootable);
    if (data !== undefined) data.status = 'maintenance';
    return false;
  };
  cloud.faults.add({ when: { method: 'POST', path: /\/servers$/, body: meddle }, do: { status: 500 } });
  const refused = await run(restoreServer, {
    manifest: saved.outputs['manifest'] ?? '',
    'allow-unsigned': 'true',
  });
  expect(refused.code).toBe(1);
  expect(refused.log).toContain('status must be available');
  cloud.faults.clear();
  await cloud.ticks.settle();
  expect(made().map(({ status }) => status)).toEqual(['available', 'maintenance']);
  expect([...cloud.state.reservations.values()]).toEqual([]);
  expect(temporaries(cloud)).toEqual([]);
});
