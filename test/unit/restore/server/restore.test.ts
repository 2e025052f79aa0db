import { describe, expect, test } from '@jest/globals';
import type { Environment } from '../../../../src/environment.ts';
import type { Call } from '../../../../src/openstack/connection.ts';
import { CloudError } from '../../../../src/openstack/errors.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { chooseFlavor } from '../../../../src/restore/server/flavor.ts';
import { makeKeyPair, planKeyPair } from '../../../../src/restore/server/key-pair.ts';
import { parseMapping } from '../../../../src/restore/server/mapping.ts';
import { type Offered, planNetworks } from '../../../../src/restore/server/networks.ts';
import { portsFor } from '../../../../src/restore/server/ports.ts';
import { serverRequest } from '../../../../src/restore/server/request.ts';
import { flavor, port, savedDisk, savedPort, savedServer } from '../../../support/server-records.ts';

describe('the flavor', () => {
  const saved = { ...flavor({ id: 'm1', vcpus: 2, ram: 4096, disk: 20 }), extraSpecs: {} };
  const same = flavor(saved);
  const tiny = flavor({ id: 't', name: 'tiny', vcpus: 1, ram: 512, disk: 1 });
  const large = flavor({ id: 'l', name: 'large', vcpus: 8, ram: 16_384, disk: 80 });
  const diskless = flavor({ id: 'd', name: 'diskless', vcpus: 4, ram: 8192, disk: 0 });
  const flat = flavor({ id: 'f', name: 'flat', vcpus: 4, ram: 4096, disk: 10 });

  test('is the recorded one, by id', () => {
    expect(chooseFlavor(saved, [large, same], undefined, true)).toEqual({ flavor: same, instead: undefined });
  });

  test('is the recorded one, by name, where the id is of another cloud', () => {
    const renumbered = { ...same, id: '9' };
    expect(chooseFlavor(saved, [large, renumbered], undefined, true)).toEqual({
      flavor: renumbered,
      instead: undefined,
    });
  });

  test('is not the recorded name where that shrank', () => {
    const shrunk = { ...same, ram: 512 };
    expect(chooseFlavor(saved, [shrunk, large], undefined, true)).toMatchObject({
      flavor: large,
      instead:
        'flavor "large" (8 vCPUs, 16384 MiB, 80 GiB) instead of "m1.small" (2 vCPUs, 4096 MiB, 20 GiB)',
    });
  });

  test('that has the id and grew is told', () => {
    const grown = { ...same, name: 'm2.small', ram: 8192 };
    expect(chooseFlavor(saved, [grown], undefined, true)).toMatchObject({
      flavor: grown,
      instead: expect.stringContaining('which was "m1.small"'),
    });
  });

  test('is else the smallest that holds it; the disk counts where the root disk is its own', () => {
    expect(chooseFlavor(saved, [tiny, large, diskless, flat], undefined, true).flavor).toBe(large);
    expect(chooseFlavor(saved, [tiny, large, diskless, flat], undefined, false).flavor).toBe(flat);
  });

  test('that was asked for may be smaller, not its disk', () => {
    expect(chooseFlavor(saved, [same, tiny], 'tiny', false)).toEqual({
      flavor: tiny,
      instead: 'flavor "tiny", which is smaller',
    });
    expect(() => chooseFlavor(saved, [same, tiny], 'tiny', true)).toThrow('has a root disk of 1 GiB');
    expect(() => chooseFlavor(saved, [same], 'nope', true)).toThrow('there is no flavor "nope"');
  });

  test('may not be there', () => {
    expect(() => chooseFlavor(saved, [tiny], undefined, false)).toThrow(
      'no flavor is large enough for the server',
    );
  });
});

describe('the mapping', () => {
  test('gives the new name by any of the old ones', () => {
    const mapping = parseMapping(['network: private = net-2', 'type:luks=luks-2', 'flavor: f1=f2']);
    expect(mapping.of('network', 'an-id', 'private')).toBe('net-2');
    expect(mapping.of('type', 'luks', null)).toBe('luks-2');
    expect(mapping.of('type', 'f1')).toBeUndefined();
    expect(mapping.of('flavor', 'f1')).toBe('f2');
    expect(() => mapping.refuseUnused()).not.toThrow();
  });

  test('refuses what nothing asked for', () => {
    const mapping = parseMapping(['network: privat=net-2']);
    mapping.of('network', 'private');
    expect(() => mapping.refuseUnused()).toThrow('network "privat"');
  });

  test.each([
    ['nothing', 'network'],
    ['an unknown kind', 'server: a=b'],
    ['no old name', 'network: =b'],
    ['no new name', 'network: a='],
    ['a name with an equals sign', 'network: a=b=c'],
    ['another case', 'Network: a=b'],
  ])('refuses %s', (_, line) => {
    expect(() => parseMapping([line])).toThrow('`map` cannot be read');
  });

  test('refuses two new names for one, and lists all that is wrong', () => {
    expect(() => parseMapping(['network: a=b', 'network: a=c', 'x'])).toThrow(/a second time.*"x"/);
  });
});

describe('the networks', () => {
  const NET = '33333333-3333-4333-8333-333333333333';
  const OTHER = '44444444-4444-4444-8444-444444444444';
  const offered: Offered = {
    networks: [
      { id: NET, name: 'private', external: false, portSecurity: true, shared: false, ours: true },
      { id: OTHER, name: 'lab', external: false, portSecurity: true, shared: false, ours: true },
    ],
    subnets: [],
    ports: [],
    securityGroups: [
      { id: 'g1', name: 'default', description: '', rules: [], createdAt: '' },
      { id: 'g2', name: 'web', description: '', rules: [], createdAt: '' },
    ],
    floatingIps: [],
  };
  const saved = savedServer({
    ports: [savedPort({ network: { id: NET, name: 'private' } })],
    securityGroups: ['web'],
  });
  const plan = (fields: Partial<Offered> = {}, lines: string[] = [], from = saved) =>
    planNetworks(from, { ...offered, ...fields }, parseMapping(lines));
  const wishes = (...of: Parameters<typeof plan>) => plan(...of).ports.map(({ wish }) => wish);
  const asNovaMakesIt = { securityGroups: undefined, floatingIps: [] };

  test('none where it had none', () => {
    expect(plan({}, [], savedServer({}))).toEqual({
      ports: [],
      securityGroups: undefined,
      missing: [],
    });
  });

  test('the same port where it is there and free: nothing is lost', () => {
    const [{ id } = { id: '' }] = saved.ports;
    expect(plan({ ports: [port({ id, networkId: NET, deviceId: '' })] })).toEqual({
      ports: [{ wish: { port: id }, ...asNovaMakesIt }],
      securityGroups: ['web'],
      missing: [],
    });
  });

  test('never the same port where another server has it, or where it is in another network', () => {
    const [{ id } = { id: '' }] = saved.ports;
    const busy = port({ id, networkId: NET, deviceId: 'another server' });
    expect(wishes({ ports: [busy] })).toEqual([{ uuid: NET, fixedIp: '192.0.2.7' }]);
    const free = port({ id, networkId: NET, deviceId: '' });
    expect(wishes({ ports: [free] }, ['network: private=lab'])).toEqual([
      { uuid: OTHER, fixedIp: undefined },
    ]);
  });

  test('else the same address, and the MAC address is told', () => {
    expect(
      plan({ ports: [port({ networkId: NET, fixedIps: [{ address: '192.0.2.9', subnetId: undefined }] })] }),
    ).toEqual({
      ports: [{ wish: { uuid: NET, fixedIp: '192.0.2.7' }, ...asNovaMakesIt }],
      securityGroups: ['web'],
      missing: ['MAC address fa:16:3e:00:00:01 of the port in network "private"'],
    });
  });

  test('another address where that is taken', () => {
    const taken = port({ networkId: NET, fixedIps: [{ address: '192.0.2.7', subnetId: undefined }] });
    expect(wishes({ ports: [taken] })).toEqual([{ uuid: NET, fixedIp: undefined }]);
    expect(plan({ ports: [taken] }).missing[0]).toBe(
      'address 192.0.2.7 in network "private": another port has it',
    );
  });

  test('another address in a network of another project, where Neutron lets nobody choose', () => {
    const shared = offered.networks.map((network) => ({ ...network, shared: true, ours: false }));
    expect(wishes({ networks: shared })).toEqual([{ uuid: NET, fixedIp: undefined }]);
    expect(plan({ networks: shared }).missing[0]).toBe(
      'address 192.0.2.7 in network "private": a new one is given, since the network belongs to another project',
    );
    const [{ id } = { id: '' }] = saved.ports;
    const there = port({ id, networkId: NET, deviceId: '' });
    expect(wishes({ networks: shared, ports: [there] })).toEqual([{ port: id }]);
  });

  test('another network when told, without the address of the old one', () => {
    for (const old of ['private', NET])
      expect(wishes({}, [`network: ${old}=lab`])).toEqual([{ uuid: OTHER, fixedIp: undefined }]);
  });

  test('with it where that has it in a subnet too, and nobody uses it', () => {
    const subnet = { id: 's', name: '', networkId: OTHER, cidr: '192.0.2.0/28', ipVersion: 4 };
    const there = [{ uuid: OTHER, fixedIp: '192.0.2.7' }];
    expect(wishes({ subnets: [subnet] }, ['network: private=lab'])).toEqual(there);
    const narrow = { ...subnet, cidr: '192.0.2.8/29' };
    expect(wishes({ subnets: [narrow] }, ['network: private=lab'])).not.toEqual(there);
    const taken = port({ networkId: OTHER, fixedIps: [{ address: '192.0.2.7', subnetId: undefined }] });
    expect(wishes({ subnets: [subnet], ports: [taken] }, ['network: private=lab'])).not.toEqual(there);
  });

  test('floating IPs that the project still has and nobody uses; the others are told', () => {
    const floating = (address: string, portId?: string) => ({
      id: address,
      address,
      portId,
      fixedAddress: undefined,
    });
    const own = savedPort({
      network: { id: NET, name: 'private' },
      floatingIps: ['198.51.100.4', '198.51.100.5', '198.51.100.6'],
    });
    const mine = savedServer({ ports: [own], securityGroups: [] });
    const floatingIps = [floating('198.51.100.4'), floating('198.51.100.5', own.id)];
    const made = plan({ floatingIps }, [], mine);
    expect(made.ports[0]?.floatingIps).toEqual([floatingIps[0]]);
    expect(made.missing).toContain('floating IP 198.51.100.5: another port has it');
    expect(made.missing).toContain('floating IP 198.51.100.6: the project does not have it');
    const there = plan(
      { floatingIps, ports: [port({ id: own.id, networkId: NET, deviceId: '' })] },
      [],
      mine,
    );
    expect(there.missing).toEqual(['floating IP 198.51.100.6: the project does not have it']);
  });

  test('each port with the security groups that it had, and meanwhile with no more than these', () => {
    const [web, both] = [
      [{ id: 'g2', name: 'web' }],
      [
        { id: 'g1', name: 'default', description: '', rules: [], createdAt: '' },
        { id: 'g2', name: 'web', description: '', rules: [], createdAt: '' },
      ],
    ];
    const ports = [web, both].map((securityGroups) =>
      savedPort({ network: { id: NET, name: 'private' }, securityGroups }),
    );
    const made = plan({}, [], savedServer({ ports, securityGroups: ['web', 'default'] }));
    expect(made.securityGroups).toEqual(['web']);
    expect(made.ports.map(({ securityGroups }) => securityGroups)).toEqual([['g2'], ['g1', 'g2']]);
  });

  test('ports are known by id or address, the others by their network', () => {
    const [a, b, c, d] = [
      port({ id: 'a', networkId: NET }),
      port({ id: 'b', networkId: NET, fixedIps: [{ address: '192.0.2.7', subnetId: undefined }] }),
      port({ id: 'c', networkId: OTHER }),
      port({ id: 'd', networkId: NET }),
    ];
    const asked = [
      { uuid: NET },
      { uuid: OTHER },
      { uuid: NET, fixedIp: '192.0.2.7' },
      { port: 'a' },
      { uuid: NET },
    ];
    expect(portsFor(asked, [a, b, c, d])).toEqual([d, c, b, a, undefined]);
  });

  test('all that makes a port special is told', () => {
    const special = savedPort({
      network: { id: NET, name: 'private' },
      fixedIps: [
        { address: '192.0.2.7', subnet: null },
        { address: '2001:db8::7', subnet: null },
      ],
      allowedAddressPairs: [{ address: '192.0.2.100', mac: null }],
      portSecurity: false,
      vnicType: 'direct',
      floatingIps: ['198.51.100.4'],
    });
    const told = plan({}, [], savedServer({ ports: [special] })).missing.join('\n');
    for (const words of [
      '2001:db8::7',
      '192.0.2.100',
      'port security',
      'VNIC type direct',
      'floating IP 198.51.100.4',
    ])
      expect(told).toContain(words);
  });

  test('by the names of the addresses where the ports are not known', () => {
    const addresses = {
      private: [
        { address: '192.0.2.7', mac: null, type: 'fixed' },
        { address: '198.51.100.4', mac: null, type: 'floating' },
      ],
    };
    expect(wishes({}, [], savedServer({ addresses }))).toEqual([{ uuid: NET, fixedIp: undefined }]);
    expect(plan({}, [], savedServer({ addresses })).missing).toContain(
      'floating IP 198.51.100.4: the project does not have it',
    );
  });

  test('a network that is not there, or twice, is refused with what there is', () => {
    const elsewhere = savedServer({ ports: [savedPort({ network: { id: 'x', name: 'gone' } })] });
    expect(() => plan({}, [], elsewhere)).toThrow('there is no network "gone"');
    expect(() => plan({}, ['network: private=nope'])).toThrow('there is no network "nope"');
    const twins = [
      { id: 'a', name: 'private', external: false, portSecurity: true, shared: false, ours: true },
      { id: 'b', name: 'private', external: false, portSecurity: true, shared: false, ours: true },
    ];
    expect(() => plan({ networks: twins })).toThrow('2 networks are called "private"');
  });

  test('security groups by name, by what they are mapped to, and told where there is none', () => {
    const two = savedServer({ ports: saved.ports, securityGroups: ['default', 'db'] });
    const plain = plan({}, [], two);
    expect(plain.securityGroups).toEqual(['default']);
    expect(plain.missing).toContain('security group "db": there is none of that name');
    expect(plan({}, ['security-group: db=web'], two).securityGroups).toEqual(['default', 'web']);
    expect(() => plan({}, ['security-group: db=nope'], two)).toThrow('there is no security group "nope"');
  });
});

describe('the key pair', () => {
  const saved = { name: 'ada', publicKey: 'ssh-ed25519 AAAA ada@here', type: 'ssh' };
  const none = parseMapping([]);

  test('is the same where the user has it, whatever its comment', () => {
    expect(
      planKeyPair(saved, [{ name: 'ada', publicKey: 'ssh-ed25519 AAAA other', type: 'ssh' }], none),
    ).toEqual({
      name: 'ada',
      toImport: undefined,
      missing: [],
    });
  });

  test('is made again from the public key', () => {
    expect(planKeyPair(saved, [], none)).toEqual({ name: 'ada', toImport: saved, missing: [] });
  });

  test('is never another key of that name: the guest would let it in', () => {
    const plan = planKeyPair(saved, [{ name: 'ada', publicKey: 'ssh-ed25519 BBBB', type: 'ssh' }], none);
    expect(plan.name).toBeUndefined();
    expect(plan.missing[0]).toContain('another key of that name');
  });

  test('may be another when told, and must be there then', () => {
    const mapping = parseMapping(['key-pair: ada=grace']);
    expect(planKeyPair(saved, [{ name: 'grace', publicKey: 'x', type: 'ssh' }], mapping).name).toBe('grace');
    expect(() => planKeyPair(saved, [], mapping)).toThrow('there is no key pair "grace"');
  });

  test.each([
    ['ssh-ed25519 AAAA of the cloud', 'found'],
    ['ssh-ed25519 BBBB', undefined],
  ])('of a lost request is taken over only where it is the wanted one: %s', async (publicKey, outcome) => {
    let asked = 0;
    const call = async ({ method, decode, doing }: Call<unknown>) => {
      if (method === 'GET')
        return decode({ keypairs: [{ keypair: { name: 'ada', public_key: publicKey } }] });
      asked += 1;
      throw new CloudError({
        doing,
        status: asked === 1 ? undefined : 409,
        words: 'there is one of that name',
      });
    };
    const environment = {
      session: { service: async () => ({ call, supports: () => true }) },
      clock: { now: () => 0, sleep: async () => undefined },
      log: silentLog,
    } as unknown as Environment;
    const making = makeKeyPair(environment, saved);
    if (outcome === undefined) await expect(making).rejects.toMatchObject({ status: 409 });
    else expect(await making).toBe(outcome);
  });

  test('may be none, or not known', () => {
    expect(planKeyPair(null, [], none)).toEqual({ name: undefined, toImport: undefined, missing: [] });
    expect(planKeyPair({ ...saved, publicKey: null }, [], none).missing[0]).toContain('not known');
  });
});

describe('the request', () => {
  const wish = {
    saved: savedServer({ metadata: { k: 'v' }, tags: ['t'], configDrive: true, hostname: 'web' }),
    name: 'web',
    flavorId: 'm1',
    network: { ports: [], securityGroups: undefined },
    keyName: undefined,
    availabilityZone: 'nova',
    group: undefined,
    metadata: { record: 'r' },
  } as const;

  test('of a volume-backed server: its disks in their order, with boot index, device and tag', () => {
    const request = serverRequest({
      ...wish,
      disks: [
        { saved: savedDisk({ bootIndex: 0, device: '/dev/vda' }), id: 'root' },
        { saved: savedDisk({ device: '/dev/vdc', tag: 'data', deleteOnTermination: true }), id: 'data' },
      ],
    });
    expect(request).toMatchObject({
      imageId: undefined,
      metadata: { k: 'v', record: 'r' },
      configDrive: true,
      hostname: 'web',
    });
    expect(request.blockDevices).toEqual([
      {
        source: 'volume',
        destination: 'volume',
        uuid: 'root',
        bootIndex: 0,
        device: '/dev/vda',
        tag: undefined,
        deleteOnTermination: false,
      },
      {
        source: 'volume',
        destination: 'volume',
        uuid: 'data',
        bootIndex: -1,
        device: '/dev/vdc',
        tag: 'data',
        // Set when the server runs: with one that cannot be built Nova would delete the volume.
        deleteOnTermination: false,
      },
    ]);
  });

  test('of an image-backed server names its image as image and as first disk', () => {
    const request = serverRequest({
      ...wish,
      disks: [
        { saved: savedDisk({ bootIndex: 0, volume: null, deleteOnTermination: true }), id: 'image' },
        { saved: savedDisk({ device: '/dev/vdb' }), id: 'data' },
      ],
    });
    expect(request.imageId).toBe('image');
    expect(request.blockDevices[0]).toMatchObject({
      source: 'image',
      destination: 'local',
      uuid: 'image',
      bootIndex: 0,
    });
  });

  test('asks for no device and no host name that Nova would refuse', () => {
    const request = serverRequest({
      ...wish,
      saved: savedServer({ hostname: 'p2-errorid--x-q-é' }),
      disks: [{ saved: savedDisk({ device: '/dev/vda; rm' }), id: 'root' }],
    });
    expect([request.hostname, request.blockDevices[0]?.device]).toEqual([undefined, undefined]);
  });
});
