import { randomUUID } from 'node:crypto';
import { removePort } from '../../fakes/cloud/neutron/ports.ts';
import type { EmbeddedWorld } from '../../scenarios/embedded.ts';
import type { ServerWish } from '../../scenarios/fixtures/servers.ts';
import type { World } from '../../scenarios/world.ts';
import { AS_IMAGE, CINDER, type Row, restoring, STORE, type Unlimited, volume, type Words } from './row.ts';

export const serverRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'backup-server of volumes',
    proved: ['backup-server', 'backup-server, of volumes'],
    beside: ['backup-volume'],
    prepare: async (world) => ['backup-server', { ...CINDER, servers: await volumeServer(world) }],
  },
  {
    anywhere: true,
    name: 'backup-server of volumes as images',
    proved: ['backup-server, of volumes'],
    beside: ['backup-server', 'backup-volume, as an image', 'backup-volume, in use', 'backup-volume, kept'],
    prepare: async (world) => ['backup-server', { ...AS_IMAGE, servers: await volumeServer(world) }],
  },
  {
    anywhere: true,
    name: 'backup-server with a disk of its own, whose image stays',
    proved: ['backup-server', 'backup-server, kept'],
    beside: ['backup-volume'],
    prepare: async (world) => ['backup-server', { ...CINDER, servers: await imageServer(world) }],
  },
  {
    anywhere: true,
    name: 'backup-server with a disk of its own, to a store',
    proved: ['backup-server, to a store'],
    beside: ['backup-server', 'backup-volume'],
    prepare: async (world) => ['backup-server', { ...CINDER, ...STORE, servers: await imageServer(world) }],
  },
  {
    name: 'backup-server that fails',
    proved: ['backup-server, reasons'],
    beside: ['backup-server', 'backup-server, kept', 'backup-volume'],
    code: 1,
    async prepare(world) {
      const servers = await imageServer(world);
      const when = {
        method: 'POST',
        path: '/action',
        body: (body: unknown) => JSON.stringify(body).includes('createImage'),
        times: Number.POSITIVE_INFINITY,
      };
      world.cloud.faults.add({ when, do: { failLater: 'no space' } });
      return ['backup-server', { ...CINDER, servers }];
    },
  },
  {
    anywhere: true,
    name: 'restore-server of volumes',
    proved: ['restore-server'],
    beside: ['restore-volume', 'restore-volume, over a volume'],
    prepare: async (world, run) =>
      restoring('restore-server', run, ['backup-server', { ...CINDER, servers: await volumeServer(world) }]),
  },
  {
    anywhere: true,
    name: 'restore-server with a disk of its own, whose image stayed',
    proved: ['restore-server, kept'],
    beside: ['restore-server', 'restore-volume'],
    prepare: async (world, run) =>
      restoring('restore-server', run, ['backup-server', { ...CINDER, servers: await imageServer(world) }]),
  },
  {
    anywhere: true,
    name: 'restore-server with a disk of its own, from a store',
    proved: ['restore-server', 'restore-image'],
    beside: ['restore-volume'],
    prepare: async (world, run) =>
      restoring('restore-server', run, [
        'backup-server',
        { ...CINDER, ...STORE, servers: await imageServer(world) },
      ]),
  },
  {
    name: 'restore-server with a key pair and a group',
    proved: ['restore-server, groups and key pairs'],
    beside: ['restore-server', 'restore-volume', 'restore-volume, over a volume'],
    prepare: grouped,
  },
  {
    name: 'restore-server with a floating IP, and security groups of each port',
    proved: ['restore-server, ports'],
    beside: ['restore-server', 'restore-volume', 'restore-volume, over a volume'],
    prepare: plugged,
  },
  {
    name: 'restore-server that fails',
    proved: ['restore-server, clean-up'],
    beside: [
      'restore-server',
      'restore-server, groups and key pairs',
      'restore-volume',
      'restore-volume, over a volume',
      'restore-volume, clean-up',
    ],
    code: 1,
    error: 'could not be built',
    async prepare(world, run) {
      const words = await grouped(world, run);
      const when = { method: 'POST', path: /\/servers$/, times: Number.POSITIVE_INFINITY };
      world.cloud.faults.add({ when, do: { failLater: 'no host' } });
      return words;
    },
  },
  {
    name: 'restore-server that Nova refuses',
    proved: ['restore-server, refused'],
    beside: [
      'restore-server',
      'restore-server, clean-up',
      'restore-volume',
      'restore-volume, over a volume',
      'restore-volume, clean-up',
    ],
    code: 1,
    error: 'status must be available',
    prepare: refused,
  },
];

/** Of a server whose second volume cannot be had by the time that Nova comes to it. */
async function refused(world: EmbeddedWorld, run: Unlimited): Promise<Words> {
  const servers = await volumeServer(world, { volumes: [{ id: await volume(world) }] });
  const words = await restoring('restore-server', run, ['backup-server', { ...CINDER, servers }]);
  const { state, faults } = world.cloud;
  const before = new Set(state.volumes.keys());
  const body = () => {
    for (const made of state.volumes.values())
      if (!before.has(made.id) && !made.bootable) made.status = 'maintenance';
    return false;
  };
  faults.add({ when: { method: 'POST', path: /\/servers$/, body }, do: { status: 500 } });
  return words;
}

async function volumeServer(world: World, more: Partial<ServerWish> = {}): Promise<string> {
  const rootVolume = await volume(world, 'standard', true);
  return (await world.makeServer({ name: 'web', rootVolume, ...more })).id;
}

async function imageServer(world: World): Promise<string> {
  const volumes = [{ id: await volume(world) }];
  return (await world.makeServer({ name: 'web', image: true, volumes })).id;
}

/** Of a server whose key pair is gone meanwhile, and whose group is there. */
async function grouped(world: EmbeddedWorld, run: Unlimited): Promise<Words> {
  await world.makeKeyPair('mine');
  const { state, seed } = world.cloud;
  const { project, user } = seed.token();
  const group = { id: randomUUID(), name: 'apart', policy: 'anti-affinity', members: [] };
  state.serverGroups.set(group.id, { ...group, projectId: project?.id ?? '', userId: user.id });
  const servers = await volumeServer(world, { keyName: 'mine', group: group.id });
  const words = await restoring('restore-server', run, ['backup-server', { ...CINDER, servers }]);
  state.keypairs.splice(0);
  return words;
}

/** Of a server with two ports of its own, which are gone with it. */
async function plugged(world: EmbeddedWorld, run: Unlimited): Promise<Words> {
  const { seed, state } = world.cloud;
  const { id: networkId } = seed.addNetwork('front', '192.0.2.0/24');
  const ports = ['web', 'db'].map((name) =>
    seed.addPort({ networkId, securityGroups: [seed.addSecurityGroup(name).id] }),
  );
  Object.assign(seed.addFloatingIp('203.0.113.9'), { portId: ports[0]?.id });
  const server = await volumeServer(world, { networks: ports.map(({ id }) => ({ port: id })) });
  const words = await restoring('restore-server', run, ['backup-server', { ...CINDER, servers: server }]);
  state.servers.delete(server);
  for (const port of ports) removePort(state.network, port);
  return words;
}
