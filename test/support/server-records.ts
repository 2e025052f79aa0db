import { randomUUID } from 'node:crypto';
import type { SavedDisk, SavedPort, SavedServer } from '../../src/manifest/schema.ts';
import type { Flavor } from '../../src/openstack/compute/v2/flavors.ts';
import type { Server } from '../../src/openstack/compute/v2/servers.ts';
import type { Port } from '../../src/openstack/network/v2/ports.ts';

export function flavor(fields: Partial<Flavor> = {}): Flavor {
  return {
    id: 'm1',
    name: 'm1.small',
    vcpus: 1,
    ram: 2048,
    disk: 20,
    ephemeral: 0,
    swap: 0,
    extraSpecs: {},
    ...fields,
  };
}

export function server(fields: Partial<Server> = {}): Server {
  const { id: _id, ...values } = flavor();
  return {
    id: randomUUID(),
    name: 'web',
    description: '',
    status: 'ACTIVE',
    launched: true,
    taskState: undefined,
    powered: true,
    projectId: 'p'.repeat(32),
    createdAt: '2026-11-01T00:00:00.000Z',
    imageId: undefined,
    flavorId: undefined,
    flavor: values,
    volumes: [],
    addresses: {},
    securityGroups: [],
    keyName: undefined,
    metadata: {},
    tags: [],
    availabilityZone: 'nova',
    configDrive: false,
    hostname: 'web',
    serverGroups: [],
    locked: false,
    fault: undefined,
    ...fields,
  };
}

export function port(fields: Partial<Port> = {}): Port {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    createdAt: '2026-11-27T06:00:00Z',
    networkId: '33333333-3333-4333-8333-333333333333',
    mac: 'fa:16:3e:00:00:02',
    fixedIps: [],
    securityGroups: [],
    allowedAddressPairs: [],
    portSecurity: true,
    vnicType: 'normal',
    deviceId: randomUUID(),
    ...fields,
  };
}

export function savedPort(fields: Partial<SavedPort> = {}): SavedPort {
  return {
    id: randomUUID(),
    name: '',
    mac: 'fa:16:3e:00:00:01',
    network: { id: '33333333-3333-4333-8333-333333333333', name: 'private' },
    fixedIps: [{ address: '192.0.2.7', subnet: null }],
    securityGroups: [],
    allowedAddressPairs: [],
    portSecurity: true,
    vnicType: 'normal',
    floatingIps: [],
    ...fields,
  };
}

export function savedDisk(fields: Partial<SavedDisk> = {}): SavedDisk {
  return {
    bootIndex: null,
    device: '/dev/vda',
    tag: null,
    deleteOnTermination: false,
    volume: randomUUID(),
    point: randomUUID(),
    ...fields,
  };
}

export function savedServer(fields: Partial<SavedServer> = {}): SavedServer {
  return {
    kind: 'server',
    id: randomUUID(),
    name: 'web',
    description: '',
    status: 'ACTIVE',
    flavor: flavor(),
    image: null,
    rootDevice: null,
    disks: [],
    ports: [],
    addresses: {},
    securityGroups: [],
    keyPair: null,
    metadata: {},
    tags: [],
    availabilityZone: 'nova',
    serverGroup: null,
    hostname: null,
    configDrive: false,
    project: 'p'.repeat(32),
    created: '2026-11-01T00:00:00.000Z',
    ...fields,
  };
}
