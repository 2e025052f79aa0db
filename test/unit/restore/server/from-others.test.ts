import { randomUUID } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { snapshotsBehind } from '../../../../src/backup/server/snapshots.ts';
import { createSnapshot } from '../../../../src/openstack/blockstorage/v3/snapshots.ts';
import { finishPorts, type PortPlan } from '../../../../src/restore/server/ports.ts';
import { openEmbedded } from '../../../support/embedded.ts';
import { image } from '../../../support/records.ts';

/** What a server gets or gives must be its own: nothing is taken from others, and nothing of others is saved. */

jest.setTimeout(60_000);

async function withPort() {
  const opened = await openEmbedded({});
  const { seed, state } = opened.cloud;
  const network = seed.addNetwork('net', '192.0.2.0/24');
  const group = seed.addSecurityGroup('web');
  const server = randomUUID();
  const port = seed.addPort({ networkId: network.id, deviceId: server, addresses: ['192.0.2.7'] });
  const other = seed.addPort({ networkId: network.id, deviceId: randomUUID() });
  const { id, address } = seed.addFloatingIp('203.0.113.9');
  const plan: PortPlan = {
    wish: { uuid: network.id, fixedIp: '192.0.2.7' },
    securityGroups: [group.id],
    floatingIps: [{ id, address, portId: undefined, fixedAddress: undefined }],
  };
  const ip = state.network.floatingIps.get(id);
  if (ip === undefined) throw new Error('there is no floating IP');
  return { ...opened, server, port, other, group, ip, plan };
}

test('a new server gets its floating IP and security groups', async () => {
  await using cloud = await withPort();
  const done = await finishPorts(cloud.session, cloud.server, [cloud.plan]);
  expect(done).toEqual({ missing: [], undone: [] });
  expect(cloud.ip.portId).toBe(cloud.port.id);
  expect(cloud.port.securityGroups).toEqual([cloud.group.id]);
});

test('a floating IP that another port got meanwhile is not taken from it', async () => {
  await using cloud = await withPort();
  cloud.ip.portId = cloud.other.id;
  const done = await finishPorts(cloud.session, cloud.server, [cloud.plan]);
  expect(done).toEqual({
    missing: ['floating IP 203.0.113.9: another port has taken it meanwhile'],
    undone: [],
  });
  expect(cloud.ip.portId).toBe(cloud.other.id);
});

test('what the cloud refuses is told as failed, and the rest is done', async () => {
  await using cloud = await withPort();
  cloud.cloud.faults.add({ when: { method: 'PUT', path: '/ports/', times: 100 }, do: { status: 409 } });
  const { missing, undone } = await finishPorts(cloud.session, cloud.server, [cloud.plan]);
  expect(missing).toEqual([]);
  expect(undone).toEqual([expect.stringMatching(/^security groups of one of its ports: .*HTTP 409/)]);
  expect(cloud.ip.portId).toBe(cloud.port.id);
});

test('the port of another server is never given anything', async () => {
  await using cloud = await withPort();
  const { missing } = await finishPorts(cloud.session, randomUUID(), [cloud.plan]);
  expect(missing).toEqual([
    'security groups of one of its ports: the server has no such port',
    'floating IP 203.0.113.9: the server has no such port',
  ]);
  expect(cloud.ip.portId).toBeNull();
});

async function withSnapshot() {
  const opened = await openEmbedded({ tickMs: 2 });
  const { session, environment } = opened;
  const run = environment.ledger;
  const record = run.draft('scratch', 1);
  const volume = opened.cloud.seed.addVolume({ name: 'v' });
  const client = await session.service('block-storage');
  const snapshot = async (description: string) =>
    (await createSnapshot(client, { volumeId: volume.id, description, force: true })).id;
  const behind = (...ids: string[]) => {
    const mapping = ids.map((id) => ({ source_type: 'snapshot', snapshot_id: id, boot_index: 0 }));
    const made = image({ properties: { block_device_mapping: JSON.stringify(mapping) } });
    return snapshotsBehind({ image: made, record }, [volume.id], environment);
  };
  return { ...opened, run, record, volume, snapshot, behind };
}

test('the snapshots behind an image are those that were taken for it', async () => {
  await using cloud = await withSnapshot();
  const own = await cloud.snapshot(cloud.run.unbound(cloud.record));
  const taken = await cloud.behind(own);
  expect(taken.map(({ snapshot }) => [snapshot.id, snapshot.volumeId])).toEqual([[own, cloud.volume.id]]);
});

test.each([
  ["of another run's", true],
  ["that is the user's own", false],
])('a snapshot %s is not saved, whatever the image names', async (_, recorded) => {
  await using cloud = await withSnapshot();
  const theirs = recorded ? cloud.run.unbound(cloud.run.draft('scratch', 1)) : 'mine';
  const foreign = await cloud.snapshot(theirs);
  await expect(cloud.behind(foreign)).rejects.toThrow(
    `names snapshot ${foreign}, which was not taken for it`,
  );
});

test('a volume of which Nova took no snapshot fails the server', async () => {
  await using cloud = await withSnapshot();
  await expect(cloud.behind()).rejects.toThrow(`Nova took no snapshot of volume ${cloud.volume.id}`);
});
