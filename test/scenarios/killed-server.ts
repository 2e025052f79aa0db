import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { getServer, replaceServerMetadata, type Server } from '../../src/openstack/compute/v2/servers.ts';
import type { Ran } from '../support/tool.ts';
import { waitFor } from '../support/wait.ts';
import type { EmbeddedWorld } from './embedded.ts';
import { endAt } from './interrupted.ts';
import { expectExit, manifestOf, type Scenario } from './steps.ts';
import type { World } from './world.ts';

interface Killed {
  /** The volume that was saved, and is gone. */
  readonly saved: string;
  readonly digest: string;
  /** What the killed restore left: a server, and the disk that it was to have. */
  readonly server: string;
  readonly disk: string;
  restore(...more: string[]): Promise<Ran>;
}

async function look(world: World, id: string): Promise<Server> {
  return getServer(await (await world.session()).service('compute'), id);
}

/** Kills the restore of a volume-backed server when Nova has begun to make it, and waits for what Nova makes of it. */
async function killed(
  world: World,
  name: string,
  end: 'ACTIVE' | 'ERROR',
  before = () => {},
): Promise<Killed> {
  const root = await world.makeVolume({
    name: `${name}-root`,
    bootable: true,
    content: randomBytes(50_000),
  });
  const made = await world.makeServer({ name, rootVolume: root });
  const digest = await world.digest(root);
  const ran = expectExit(await world.tool(['backup-server', '--servers', name, '--json']), 0);
  await made.remove();
  await world.removeVolume(root);
  const words = ['restore-server', '--manifest', manifestOf(ran), '--allow-unsigned'];
  before();
  const onOutput = endAt(`server "${name}" is being made`, 'SIGKILL');
  const told = await world.tool(words, { onOutput });
  expect([told.code, told.stderr]).toEqual([null, expect.stringContaining(`server "${name}" is being made`)]);
  const { servers = [], volumes = [] } = await world.leftBehind();
  expect([servers.length, volumes.length]).toEqual([1, 1]);
  const [[server = ''], [disk = '']] = [servers, volumes];
  // Said before it died, for no run says it later: the disk is the user's already.
  expect(told.stderr).toContain(
    `volume "${name}-root" (${disk}) has all its data. If the server fails, reuse it with --map: volume: ${root}=${disk}`,
  );
  await waitFor(`server ${server} to be ${end}`, async () => (await look(world, server)).status === end);
  return {
    saved: root,
    digest,
    server,
    disk,
    restore: async (...more) => expectExit(await world.tool([...words, ...more, '--json']), 0),
  };
}

/** It runs, has only the metadata that it had, and the one disk. */
async function expectBack(world: World, { digest }: Killed, ran: Ran): Promise<{ id: string; disk: string }> {
  const id = String(ran.json['server-id']);
  const server = await look(world, id);
  expect(server).toMatchObject({ status: 'ACTIVE', metadata: {} });
  const [disk = ''] = server.volumes.map((volume) => volume.id);
  expect(await world.digest(disk)).toBe(digest);
  return { id, disk };
}

export const killedWhileMade: Scenario = {
  name: 'a restore of a server killed while the server is made: what Nova makes of it is kept and told with the command that takes it over, and the next run brings all back beside it',
  async run(world) {
    const left = await killed(world, 'k', 'ACTIVE');
    const ran = await left.restore();
    const kept = `server "k" (${left.server}, ACTIVE) was made by a run that ended before handing it over, and has all its data: it is kept`;
    expect(ran.stderr).toContain(kept);
    const again = await expectBack(world, left, ran);
    expect(await world.leftBehind()).toMatchObject({
      servers: [left.server, again.id].sort(),
      volumes: [left.disk, again.disk].sort(),
    });
    expect((await look(world, left.server)).volumes.map(({ id }) => id)).toEqual([left.disk]);
    expect(await world.digest(left.disk)).toBe(left.digest);

    // As it was told to: from then on it is as any other server.
    const [, property = '', id] =
      /Adopt it with: openstack server unset --property (\S+) ([0-9a-f-]+);/.exec(ran.stderr) ?? [];
    expect(id).toBe(left.server);
    const { [property]: record, ...others } = (await look(world, left.server)).metadata;
    expect([record !== undefined, others]).toEqual([true, {}]);
    await replaceServerMetadata(await (await world.session()).service('compute'), left.server, others);
    const next = expectExit(await world.tool(['backup-server', '--servers', left.server, '--json']), 0);
    expect(next.stderr).not.toContain('was made by a run');
    expect((await look(world, left.server)).status).toBe('ACTIVE');
    expect(await world.leftBehind()).toMatchObject({ servers: [left.server, again.id].sort() });
  },
};

/** Where Nova gives up is nothing that the real cloud does when asked to. */
export const killedAndNeverBuilt: Scenario<EmbeddedWorld> = {
  name: 'a restore of a server killed while the server is made, which Nova then gives up: the next run removes it, its disk stays, and `map` takes that for the next one',
  async run(world) {
    const when = { service: 'compute', method: 'POST', path: /\/servers$/ } as const;
    const left = await killed(world, 'k', 'ERROR', () => {
      world.cloud.faults.add({ when, do: { failLater: 'No valid host was found.' } });
    });
    const ran = await left.restore();
    expect(ran.stderr).toContain(
      `server "k" (${left.server}, ERROR), left by an interrupted run, was removed`,
    );
    const again = await expectBack(world, left, ran);
    const volumes = [left.disk, again.disk].sort();
    expect(await world.leftBehind()).toMatchObject({ servers: [again.id], volumes });
    expect(await world.digest(left.disk)).toBe(left.digest);
    const cinder = await (await world.session()).service('block-storage');
    expect(await getVolume(cinder, left.disk)).toMatchObject({
      name: 'k-root',
      status: 'available',
      description: '',
    });

    const third = await expectBack(
      world,
      left,
      await left.restore('--map', `volume: ${left.saved}=${left.disk}`),
    );
    expect(third.disk).toBe(left.disk);
    expect(await world.leftBehind()).toMatchObject({ servers: [again.id, third.id].sort(), volumes });
  },
};
