import { expect } from '@jest/globals';
import type { ServerPoint } from '../../src/manifest/schema.ts';
import { getServer } from '../../src/openstack/compute/v2/servers.ts';
import type { Ran } from '../support/tool.ts';
import { byHand } from './by-hand.ts';
import type { EmbeddedWorld } from './embedded.ts';
import { removeServer } from './fixtures/servers.ts';
import { makeKeeper, manifestIn, save } from './sealed.ts';
import { expectExit, manifestOf, type Scenario } from './steps.ts';

/** A server's ports as the cloud has them, in their order. */
function portsOf({ cloud: { state } }: EmbeddedWorld, serverId: string) {
  const { network } = state;
  return network.portsOf(serverId).map((port) => ({
    network: network.networks.get(port.networkId)?.name,
    addresses: port.fixedIps.map(({ address }) => address),
    groups: port.securityGroups.map((id) => network.securityGroups.get(id)?.name).sort(),
    floating: network.floatingIpsOf(port.id).map(({ address }) => address),
  }));
}

async function remove(world: EmbeddedWorld, ran: Ran): Promise<void> {
  const session = await world.session();
  const id = String(ran.json['server-id']);
  const { volumes } = await getServer(await session.service('compute'), id);
  await removeServer(session, id, 20);
  for (const volume of volumes) await world.removeVolume(volume.id);
}

function missing(ran: Ran): string[] {
  return ran.json['missing'] as string[];
}

const FRONT = { network: 'front', addresses: ['192.0.2.7'], groups: ['web'], floating: ['203.0.113.9'] };
const BACK = { network: 'back', addresses: ['198.51.100.7'], groups: ['db', 'default'], floating: [] };

/** Server "net", whose two ports have their own addresses and security groups, and one of them a floating IP. */
async function twoPorts(world: EmbeddedWorld) {
  const { seed, state } = world.cloud;
  const [front, back] = [
    seed.addNetwork('front', '192.0.2.0/24'),
    seed.addNetwork('back', '198.51.100.0/24'),
  ];
  const [web, db] = [seed.addSecurityGroup('web'), seed.addSecurityGroup('db')];
  const floating = seed.addFloatingIp('203.0.113.9');
  const groups = [db.id, state.network.defaultGroup(web.projectId)?.id ?? ''];
  const own = seed.addPort({ networkId: back.id, addresses: ['198.51.100.7'], securityGroups: groups });
  const root = await world.makeVolume({ name: 'net-root', bootable: true });
  const server = await world.makeServer({
    name: 'net',
    rootVolume: root,
    securityGroups: ['web'],
    networks: [{ uuid: front.id, fixedIp: '192.0.2.7' }, { port: own.id }],
  });
  const [first] = state.network.portsOf(server.id);
  Object.assign(floating, { portId: first?.id, fixedAddress: '192.0.2.7' });
  expect(portsOf(world, server.id)).toEqual([FRONT, BACK]);
  return {
    db,
    floating,
    async remove() {
      await server.remove();
      await world.removeVolume(root);
      state.network.ports.delete(own.id);
    },
  };
}

/** Needs what only the embedded cloud has: the real one of our tests has a stand-in for Neutron. */
const networks: Scenario<EmbeddedWorld> = {
  name: 'a server with two ports: addresses, security groups and floating IP again where they are free, elsewhere told, in another network when mapped',
  async run(world) {
    const { seed, state } = world.cloud;
    const { db, floating, remove: removeIt } = await twoPorts(world);

    const saved = expectExit(await world.tool(['backup-server', '--servers', 'net', '--json']), 0);
    const { resource } = (await manifestIn(saved)).restorePoints.find(
      (point): point is ServerPoint => point.method === 'disks',
    ) ?? { resource: undefined };
    expect(resource?.ports.map(({ network, floatingIps }) => [network.name, floatingIps])).toEqual([
      ['front', ['203.0.113.9']],
      ['back', []],
    ]);
    await removeIt();
    expect(await world.leftBehind()).toMatchObject({ floatingIps: [floating.id] });
    expect(state.network.ports.size).toBe(0);

    const restore = async (...more: string[]) => {
      const words = ['restore-server', '--manifest', manifestOf(saved), '--allow-unsigned', '--json'];
      const ran = expectExit(await world.tool([...words, ...more]), 0);
      return { ran, ports: portsOf(world, String(ran.json['server-id'])), missing: missing(ran) };
    };
    const again = await restore();
    expect(again.ports).toEqual([FRONT, BACK]);
    expect(again.missing.filter((words) => /address [\d.]+ |security group|floating/.test(words))).toEqual(
      [],
    );
    expect(again.missing.filter((words) => words.startsWith('MAC address'))).toHaveLength(2);

    const copy = await restore('--name', 'copy');
    expect(copy.ports).toEqual([
      { ...FRONT, addresses: [expect.not.stringMatching(/\.7$/)], floating: [] },
      { ...BACK, addresses: [expect.not.stringMatching(/\.7$/)] },
    ]);
    expect(copy.missing).toEqual(
      expect.arrayContaining([
        'address 192.0.2.7 in network "front": another port has it',
        'address 198.51.100.7 in network "back": another port has it',
        'floating IP 203.0.113.9: another port has it',
      ]),
    );

    for (const { ran } of [again, copy]) await remove(world, ran);
    state.network.floatingIps.delete(floating.id);
    state.network.securityGroups.delete(db.id);
    seed.addNetwork('lab', '192.0.2.0/25');
    const mapped = await restore('--map', 'network: front=lab', '--map', 'security-group: web=default');
    expect(mapped.ports).toEqual([
      { ...FRONT, network: 'lab', groups: ['default'], floating: [] },
      { ...BACK, groups: ['default'] },
    ]);
    expect(mapped.missing).toEqual(
      expect.arrayContaining([
        'security group "db": there is none of that name',
        'floating IP 203.0.113.9: the project does not have it',
      ]),
    );
  },
};

/** Takes the real client. */
const byHandAgain: Scenario<EmbeddedWorld> = {
  name: 'RESTORE.md, carried out: a server with two ports, to each its address, its own security groups, its floating IP',
  async run(world) {
    const { remove: removeIt } = await twoPorts(world);
    const keeper = await makeKeeper();
    const saved = await save(world, keeper, 'backup-server', '--servers', 'net');
    await removeIt();
    const [id = ''] = await byHand(world, keeper, saved, ['SERVER_2']);
    expect(portsOf(world, id)).toEqual([FRONT, BACK]);
  },
};

export const networkScenarios: readonly Scenario<EmbeddedWorld>[] = [networks];
export const networksByHand: readonly Scenario<EmbeddedWorld>[] = [byHandAgain];
