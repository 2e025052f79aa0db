import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { createServerImage, getServer } from '../../src/openstack/compute/v2/servers.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import { nothing } from '../../src/openstack/service.ts';
import { waitFor } from '../support/wait.ts';
import { takeInventory } from './holdings.ts';
import { expectExit, manifestOf, type Scenario } from './steps.ts';
import type { World } from './world.ts';

/*
 * Clouds copy what we write: Nova the properties of an image into every image of a server that was made from it, Cinder a
 * description into what it makes of a volume. None of it may ever go with a later run.
 */

/** Ids of all that stands, by kind. */
async function ids(world: World): Promise<string[]> {
  const inventory = await takeInventory(await world.session());
  return [...inventory].flatMap(([kind, held]) => held.map(({ id }) => `${kind} ${id}`)).sort();
}

/** Any record of ours in anything that stands, read as text: of what is settled there must be none. */
async function recordsOn(world: World): Promise<string[]> {
  const inventory = await takeInventory(await world.session());
  return [...inventory]
    .flatMap(([kind, held]) =>
      held.map(({ id, raw }) => ({ what: `${kind} ${id}`, text: JSON.stringify(raw) })),
    )
    .filter(({ text }) => /openstack-backup (temporary|unfinished) |openstack_backup_temporary/.test(text))
    .map(({ what }) => what);
}

async function act(world: World, serverId: string, json: object, status: string): Promise<void> {
  const nova = await (await world.session()).service('compute');
  await nova.call({
    doing: 'act on a server',
    method: 'POST',
    path: `/servers/${serverId}/action`,
    json,
    ok: [200, 202],
    decode: nothing,
  });
  await waitFor(`server ${serverId} to be ${status}`, async () => {
    const server = await getServer(nova, serverId);
    if (server.status === 'ERROR') throw new Error(`server ${serverId} is in error: ${server.fault}`);
    return server.status === status && server.taskState === undefined;
  });
}

async function imaged(world: World, serverId: string, name: string): Promise<string> {
  const session = await world.session();
  const id = await createServerImage(await session.service('compute'), serverId, { name });
  const glance = await session.service('image');
  await waitFor(`image ${id}`, async () => (await getImage(glance, id)).status === 'active');
  return id;
}

/** A clone, with the description that people give it by hand. */
async function cloned(world: World, volumeId: string): Promise<string> {
  const cinder = await (await world.session()).service('block-storage');
  const { description, metadata, size } = await getVolume(cinder, volumeId);
  const id = await cinder.call({
    doing: 'clone a volume',
    method: 'POST',
    path: '/volumes',
    json: { volume: { source_volid: volumeId, size, name: 'a clone', description, metadata } },
    ok: [202],
    decode: (answer) => String((answer['volume'] as { id: string }).id),
  });
  await waitFor(`volume ${id}`, async () => (await getVolume(cinder, id)).status === 'available');
  return id;
}

interface ServerReport {
  readonly disks: readonly { readonly id: string; readonly kind: string }[];
}

const copies: Scenario = {
  name: 'a restored server is imaged, cloned, shelved and rebuilt: no later run takes any of it, and no record is left on any of it',
  async run(world) {
    const store = `directory:${world.directory}/payloads`;
    const words = ['--store', store, '--allow-unsigned', '--json'];
    const data = await world.makeVolume({ name: 'copies-data', content: randomBytes(10_000) });
    const server = await world.makeServer({ name: 'copies', image: true, volumes: [{ id: data }] });
    const other = await world.makeVolume({ name: 'copies-other' });
    const tool = async (...all: string[]) => expectExit(await world.tool(all), 0);
    const saved = await tool('backup-server', '--servers', server.id, '--store', store, '--json');
    const volumeSaved = await tool('backup-volume', '--volumes', other, '--json');
    await server.remove();
    await world.removeVolume(data);

    const restored = await tool('restore-server', '--manifest', manifestOf(saved), ...words);
    const id = String(restored.json['server-id']);
    const { disks } = restored.json['report'] as ServerReport;
    expect(await recordsOn(world)).toEqual([]);

    const mine = await imaged(world, id, 'my own snapshot');
    const volume = disks.find(({ kind }) => kind === 'volume')?.id ?? '';
    const clone = await cloned(world, volume);
    const kept = await tool('backup-server', '--servers', id, '--json');
    await act(world, id, { shelve: null }, 'SHELVED_OFFLOADED');
    await act(world, id, { unshelve: null }, 'ACTIVE');
    await act(world, id, { rebuild: { imageRef: mine } }, 'ACTIVE');
    const later = await imaged(world, id, 'after the rebuild');
    expect(await recordsOn(world)).toEqual([]);
    const standing = await ids(world);
    for (const made of [mine, later, clone, volume, id]) expect(standing.join()).toContain(made);
    const points = kept.json['restore-points'] as { method: string; resource: string }[];
    const root = points.find(({ method }) => method === 'kept')?.resource ?? 'no kept image';
    expect(standing).toContain(`images ${root}`);

    for (let run = 0; run < 2; run += 1) {
      await tool('backup-volume', '--volumes', other, '--json');
      await tool('backup-server', '--servers', id, '--store', store, '--json');
      await tool('backup-image', '--images', mine, '--store', store, '--json');
      await tool(
        'restore-volume',
        '--manifest',
        manifestOf(volumeSaved),
        '--name',
        `copies-${run}`,
        '--allow-unsigned',
        '--json',
      );
      await tool('restore-server', '--manifest', manifestOf(saved), ...words);
    }
    const found = new Set(await ids(world));
    expect(standing.filter((held) => !found.has(held))).toEqual([]);
    expect(await recordsOn(world)).toEqual([]);
  },
};

export const copiesScenarios: readonly Scenario[] = [copies];
