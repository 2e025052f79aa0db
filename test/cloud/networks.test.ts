import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { field, id, type Json, text } from '../../src/decode.ts';
import type { ServiceClient } from '../../src/openstack/connection.ts';
import { associateFloatingIp, listFloatingIps } from '../../src/openstack/network/v2/floating-ips.ts';
import { listNetworks } from '../../src/openstack/network/v2/networks.ts';
import { listPorts } from '../../src/openstack/network/v2/ports.ts';
import { createSecurityGroup, deleteSecurityGroup } from '../../src/openstack/network/v2/security-groups.ts';
import { nothing } from '../../src/openstack/service.ts';
import { collect } from '../../src/pool.ts';
import { removeServer } from '../scenarios/fixtures/servers.ts';
import { expectExit, manifestOf } from '../scenarios/steps.ts';
import type { World } from '../scenarios/world.ts';
import { realWorld } from './world.ts';

let world: World;
let neutron: ServiceClient;
/** What is to go when the test ends, the last first. */
const paths: string[] = [];

beforeAll(async () => {
  world = await realWorld();
  neutron = await (await world.session()).service('network');
});
afterAll(async () => {
  try {
    for (const path of paths.reverse())
      await neutron.call({ doing: 'clean up', method: 'DELETE', path, ok: [204, 404], decode: nothing });
  } finally {
    await world.close();
  }
});

async function make(path: string, key: string, body: object): Promise<Json> {
  const made = await neutron.call({
    doing: `make a ${key}`,
    method: 'POST',
    path,
    json: { [key]: body },
    ok: [201],
    decode: (answer) => field(answer, key),
  });
  paths.push(`${path}/${id(made, 'id')}`);
  return made;
}

async function networkNamed(name: string): Promise<string> {
  const [found] = await collect(listNetworks(neutron, { name }));
  if (found === undefined) throw new Error(`the cloud has no network ${name}`);
  return found.id;
}

/** By network: the address of a server's port there, its groups and its floating IP. */
async function portsOf(serverId: string) {
  const ports = await collect(listPorts(neutron, { deviceId: serverId }));
  const told = ports.map(async (port) => {
    const floating = await collect(listFloatingIps(neutron, { portId: port.id }));
    return [
      port.networkId,
      {
        address: port.fixedIps[0]?.address,
        groups: port.securityGroups,
        floating: floating.map(({ address }) => address),
        portId: port.id,
      },
    ] as const;
  });
  return new Map(await Promise.all(told));
}

test('a server in a network of its project and in a shared one: its old address in the first, a new one in the other, its group, its floating IP', async () => {
  const own = id(await make('/networks', 'network', { name: 'front' }), 'id');
  await make('/subnets', 'subnet', { network_id: own, cidr: '192.0.2.0/24', ip_version: 4 });
  const shared = await networkNamed('private');
  const floating = await make('/floatingips', 'floatingip', {
    floating_network_id: await networkNamed('public'),
  });
  const group = await createSecurityGroup(neutron, { name: `web-${own}`, description: '' });
  const rootVolume = await world.makeVolume({ name: 'net-root', bootable: true });
  const server = await world.makeServer({
    name: 'net',
    rootVolume,
    networks: [{ uuid: own, fixedIp: '192.0.2.7' }, { uuid: shared }],
    securityGroups: [group.name],
  });
  const before = await portsOf(server.id);
  await associateFloatingIp(neutron, id(floating, 'id'), before.get(shared)?.portId ?? '');
  const saved = expectExit(await world.tool(['backup-server', '--servers', server.id, '--json']), 0);
  await server.remove();

  const words = ['restore-server', '--manifest', manifestOf(saved), '--allow-unsigned', '--json'];
  const { json } = expectExit(await world.tool(words), 0);
  const restored = String(json['server-id']);
  const after = await portsOf(restored);
  const groups = [group.id];
  expect(after.get(own)).toMatchObject({ address: '192.0.2.7', groups, floating: [] });
  expect(after.get(shared)).toMatchObject({ groups, floating: [text(floating, 'floating_ip_address')] });
  const address = before.get(shared)?.address ?? '';
  expect(json['missing']).toContain(
    `address ${address} in network "private": a new one is given, since the network belongs to another project`,
  );
  const missing = (json['missing'] as string[]).join('\n');
  expect(missing).not.toMatch(/192\.0\.2\.7|floating|security group/);

  await removeServer(await world.session(), restored, 1000);
  await deleteSecurityGroup(neutron, group.id);
}, 180_000);
