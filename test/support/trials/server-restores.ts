import { expect } from '@jest/globals';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { restoreServer } from '../../../src/commands/restore-server.ts';
import type { CloudState } from '../../fakes/cloud/index.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import type { Trial, Trials } from '../every-request.ts';
import type { Told } from '../in-process.ts';
import { digestOf, digestsOf, prepared } from '../struck-servers.ts';

const keeper = await makeKeeper();
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';
const sealed = { store, recipients: keeper.recipient };

const KEY_PAIR = 'deploy';

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

export const serverRestores: Trials = [
  { title: `${title}, from Cinder backups`, open: () => restores('fromVolume', {}) },
  { title: `${title}, from a store`, open: () => restores('fromImage', sealed) },
];
