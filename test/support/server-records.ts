import { randomUUID } from 'node:crypto';
import type { Flavor } from '../../src/openstack/compute/v2/flavors.ts';
import type { Server } from '../../src/openstack/compute/v2/servers.ts';

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
    taskState: undefined,
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
