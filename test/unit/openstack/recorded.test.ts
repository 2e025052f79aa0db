import { describe, expect, test } from '@jest/globals';
import { listAvailabilityZones } from '../../../src/openstack/availability-zones.ts';
import { listVolumeAttachments } from '../../../src/openstack/blockstorage/v3/attachments.ts';
import { listBackups } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { getLimits, getTypeLimits } from '../../../src/openstack/blockstorage/v3/limits.ts';
import { listMessages } from '../../../src/openstack/blockstorage/v3/messages.ts';
import { listSnapshots } from '../../../src/openstack/blockstorage/v3/snapshots.ts';
import { listVolumeTypes } from '../../../src/openstack/blockstorage/v3/types.ts';
import { getVolumeEncryption, listVolumes } from '../../../src/openstack/blockstorage/v3/volumes.ts';
import { listAttachments } from '../../../src/openstack/compute/v2/attachments.ts';
import { listFlavors } from '../../../src/openstack/compute/v2/flavors.ts';
import { getActionEvents, listActions } from '../../../src/openstack/compute/v2/instance-actions.ts';
import { listKeyPairs } from '../../../src/openstack/compute/v2/keypairs.ts';
import { getComputeLimits } from '../../../src/openstack/compute/v2/limits.ts';
import { listServerGroups } from '../../../src/openstack/compute/v2/server-groups.ts';
import { listServers } from '../../../src/openstack/compute/v2/servers.ts';
import type { Call, ServiceClient, Session } from '../../../src/openstack/connection.ts';
import { decodeToken } from '../../../src/openstack/identity/v3/tokens.ts';
import { listImages } from '../../../src/openstack/image/v2/images.ts';
import { getImageLimits, listStores } from '../../../src/openstack/image/v2/info.ts';
import { listMembers } from '../../../src/openstack/image/v2/members.ts';
import { getAcl } from '../../../src/openstack/keymanager/v1/acls.ts';
import { getSecretMetadata } from '../../../src/openstack/keymanager/v1/metadata.ts';
import { listSecrets } from '../../../src/openstack/keymanager/v1/secrets.ts';
import { listFloatingIps } from '../../../src/openstack/network/v2/floating-ips.ts';
import { listNetworks } from '../../../src/openstack/network/v2/networks.ts';
import { listPorts } from '../../../src/openstack/network/v2/ports.ts';
import { listSecurityGroups } from '../../../src/openstack/network/v2/security-groups.ts';
import { listSubnets } from '../../../src/openstack/network/v2/subnets.ts';
import { collect } from '../../../src/pool.ts';

/** The shapes of the services' own API samples, with values of ours. */
const ID = '11111111-2222-4333-8444-555555555555';
const WHEN = '2026-01-02T03:04:05.000000';
const ZULU = '2026-01-02T03:04:05Z';
const LINKS = [{ rel: 'self', href: `http://elsewhere.example/v3/p/x/${ID}` }];

type Read = (client: ServiceClient) => Promise<unknown>;
type Recorded = readonly [kind: string, key: string, item: object, read: Read, keepsOdd: boolean];

const VOLUME = {
  attachments: [],
  availability_zone: 'nova',
  bootable: 'false',
  consistencygroup_id: null,
  created_at: WHEN,
  description: null,
  encrypted: false,
  id: ID,
  links: LINKS,
  metadata: {},
  migration_status: null,
  multiattach: false,
  name: null,
  'os-vol-host-attr:host': null,
  'os-vol-tenant-attr:tenant_id': 'ab',
  replication_status: null,
  size: 10,
  snapshot_id: null,
  source_volid: null,
  status: 'creating',
  updated_at: null,
  user_id: 'someone',
  volume_type: '__DEFAULT__',
  volume_type_id: ID,
  provider_id: null,
  group_id: null,
  service_uuid: null,
  shared_targets: true,
  cluster_name: null,
};
const BACKUP = {
  availability_zone: null,
  container: null,
  created_at: WHEN,
  data_timestamp: WHEN,
  description: 'words',
  fail_reason: null,
  has_dependent_backups: false,
  id: ID,
  is_incremental: false,
  links: LINKS,
  name: 'b',
  object_count: 0,
  size: 10,
  snapshot_id: null,
  status: 'creating',
  updated_at: WHEN,
  volume_id: ID,
};
const SNAPSHOT = {
  status: 'available',
  metadata: { name: 'x' },
  'os-extended-snapshot-attributes:progress': '100%',
  name: 's',
  user_id: 'ab',
  volume_id: ID,
  created_at: WHEN,
  size: 1,
  id: ID,
  description: 'words',
};
const IMAGE = {
  status: 'active',
  name: 'i',
  tags: [],
  container_format: 'bare',
  created_at: ZULU,
  disk_format: 'qcow2',
  updated_at: ZULU,
  visibility: 'public',
  self: `/v2/images/${ID}`,
  min_disk: 0,
  protected: false,
  id: ID,
  file: `/v2/images/${ID}/file`,
  checksum: 'ab'.repeat(16),
  os_hash_algo: 'sha512',
  os_hash_value: 'cd'.repeat(64),
  owner: 'ef'.repeat(16),
  size: 1,
  min_ram: 0,
  schema: '/v2/schemas/image',
  virtual_size: null,
};
const SERVER = {
  accessIPv4: '192.0.2.1',
  accessIPv6: '2001:db8::1',
  addresses: {
    private: [
      {
        addr: '192.0.2.3',
        'OS-EXT-IPS-MAC:mac_addr': '00:00:5e:00:53:01',
        'OS-EXT-IPS:type': 'fixed',
        version: 4,
      },
    ],
  },
  created: ZULU,
  config_drive: '',
  description: null,
  flavor: { disk: 1, ephemeral: 0, extra_specs: {}, original_name: 'm1.small', ram: 512, swap: 0, vcpus: 1 },
  hostId: 'x',
  id: ID,
  image: { id: ID, links: LINKS },
  key_name: null,
  links: LINKS,
  locked: false,
  metadata: { a: 'b' },
  name: 's',
  'os-extended-volumes:volumes_attached': [{ id: ID, delete_on_termination: false }],
  'OS-EXT-AZ:availability_zone': 'nova',
  'OS-EXT-STS:power_state': 1,
  'OS-EXT-STS:task_state': null,
  'OS-EXT-STS:vm_state': 'active',
  'OS-SRV-USG:launched_at': WHEN,
  'OS-SRV-USG:terminated_at': null,
  progress: 0,
  security_groups: [{ name: 'default' }],
  status: 'ACTIVE',
  tags: [],
  tenant_id: 'ab',
  trusted_image_certificates: null,
  updated: ZULU,
  user_id: 'someone',
};
const FLAVOR = {
  'OS-FLV-DISABLED:disabled': false,
  'OS-FLV-EXT-DATA:ephemeral': 0,
  'os-flavor-access:is_public': true,
  description: null,
  disk: 1,
  extra_specs: {},
  id: 'm1.small x',
  links: LINKS,
  name: 'm1.small',
  ram: 2048,
  rxtx_factor: 1.0,
  swap: '',
  vcpus: 1,
};
const SECRET = {
  algorithm: 'aes',
  bit_length: 256,
  content_types: { default: 'application/octet-stream' },
  created: WHEN,
  creator_id: 'someone',
  expiration: null,
  mode: 'cbc',
  name: 'k',
  secret_ref: `http://elsewhere.example:9311/v1/secrets/${ID}`,
  secret_type: 'opaque',
  status: 'ACTIVE',
  updated: WHEN,
};
const PORT = {
  admin_state_up: true,
  allowed_address_pairs: [],
  binding_profile: {},
  device_id: '',
  device_owner: '',
  dns_name: 'x',
  fixed_ips: [{ ip_address: '192.0.2.3', subnet_id: ID }],
  id: ID,
  mac_address: '00:00:5e:00:53:01',
  name: '',
  network_id: ID,
  port_security_enabled: false,
  project_id: 'ab',
  security_groups: [],
  status: 'ACTIVE',
  tenant_id: 'ab',
};

const RECORDED: readonly Recorded[] = [
  ['volume', 'volumes', VOLUME, (client) => collect(listVolumes(client)), true],
  ['backup', 'backups', BACKUP, (client) => collect(listBackups(client)), true],
  ['snapshot', 'snapshots', SNAPSHOT, (client) => collect(listSnapshots(client)), true],
  ['image', 'images', IMAGE, (client) => collect(listImages(client)), true],
  ['server', 'servers', SERVER, (client) => collect(listServers(client)), true],
  ['flavor', 'flavors', FLAVOR, (client) => collect(listFlavors(client)), false],
  ['secret', 'secrets', SECRET, (client) => collect(listSecrets(client)), false],
  ['port', 'ports', PORT, (client) => collect(listPorts(client)), false],
  [
    'volume type',
    'volume_types',
    { id: ID, name: 't', description: null, is_public: true, extra_specs: {}, qos_specs_id: null },
    listVolumeTypes,
    false,
  ],
  [
    'key pair',
    'keypairs',
    { keypair: { fingerprint: '00:11', name: 'k', type: 'ssh', public_key: 'ssh-ed25519 AAAA' } },
    listKeyPairs,
    false,
  ],
  [
    'server group',
    'server_groups',
    { id: ID, name: 'g', policy: 'anti-affinity', rules: {}, members: [], project_id: 'ab', user_id: 'x' },
    listServerGroups,
    false,
  ],
  [
    'floating IP',
    'floatingips',
    {
      id: ID,
      floating_ip_address: '198.51.100.1',
      fixed_ip_address: null,
      port_id: null,
      router_id: null,
      status: 'DOWN',
    },
    (client) => collect(listFloatingIps(client)),
    false,
  ],
  [
    'network',
    'networks',
    { id: ID, name: 'n', 'router:external': false, shared: false, status: 'ACTIVE', subnets: [ID] },
    (client) => collect(listNetworks(client)),
    false,
  ],
  [
    'subnet',
    'subnets',
    { id: ID, name: '', network_id: ID, cidr: '192.0.2.0/24', ip_version: 4, gateway_ip: null },
    (client) => collect(listSubnets(client)),
    false,
  ],
  [
    'security group',
    'security_groups',
    { id: ID, name: 'default', description: 'x', security_group_rules: [], stateful: true },
    (client) => collect(listSecurityGroups(client)),
    false,
  ],
  [
    'volume attachment',
    'attachments',
    {
      attach_mode: 'rw',
      attached_at: WHEN,
      connection_info: {},
      detached_at: '',
      id: ID,
      instance: ID,
      status: 'attaching',
      volume_id: ID,
    },
    (client) => listVolumeAttachments(client, ID),
    false,
  ],
  [
    'message',
    'messages',
    {
      created_at: WHEN,
      event_id: 'VOLUME_000002',
      guaranteed_until: WHEN,
      id: ID,
      links: LINKS,
      message_level: 'ERROR',
      request_id: `req-${ID}`,
      resource_type: 'VOLUME',
      resource_uuid: ID,
      user_message: 'words',
    },
    (client) => listMessages(client, ID),
    false,
  ],
  [
    'availability zone',
    'availabilityZoneInfo',
    { hosts: null, zoneName: 'nova', zoneState: { available: true } },
    listAvailabilityZones,
    false,
  ],
  [
    'image member',
    'members',
    {
      created_at: ZULU,
      image_id: ID,
      member_id: 'ab',
      schema: '/v2/schemas/member',
      status: 'pending',
      updated_at: ZULU,
    },
    (client) => listMembers(client, ID),
    false,
  ],
  ['image store', 'stores', { id: 'cheap', 'read-only': true }, listStores, false],
];

/** What is one answer, and no list of things that may be odd alone. */
const WHOLE: readonly (readonly [kind: string, answer: object, read: Read, expected: unknown])[] = [
  [
    "a server's volumes",
    {
      volumeAttachments: [
        {
          attachment_id: ID,
          bdm_uuid: ID,
          delete_on_termination: true,
          device: '/dev/sdb',
          serverId: ID,
          tag: null,
          volumeId: ID,
        },
      ],
    },
    (client) => listAttachments(client, ID),
    [{ volumeId: ID, device: '/dev/sdb', tag: undefined, deleteOnTermination: true }],
  ],
  [
    "a server's actions",
    {
      instanceActions: [
        {
          action: 'stop',
          instance_uuid: ID,
          message: null,
          project_id: 'ab',
          request_id: `req-${ID}`,
          start_time: WHEN,
          updated_at: WHEN,
          user_id: 'someone',
        },
      ],
    },
    (client) => listActions(client, ID),
    [{ action: 'stop', requestId: `req-${ID}`, message: undefined }],
  ],
  [
    'the events of an action',
    {
      instanceAction: {
        action: 'stop',
        events: [
          {
            details: null,
            event: 'compute_stop_instance',
            finish_time: WHEN,
            result: 'Success',
            start_time: WHEN,
          },
        ],
      },
    },
    (client) => getActionEvents(client, ID, `req-${ID}`),
    [{ event: 'compute_stop_instance', result: 'Success', details: undefined }],
  ],
  [
    'the encryption of a volume',
    {
      cipher: 'aes-xts-plain64',
      control_location: 'front-end',
      encryption_key_id: ID,
      key_size: 256,
      provider: 'luks',
    },
    (client) => getVolumeEncryption(client, ID),
    { keyId: ID, provider: 'luks', cipher: 'aes-xts-plain64', keySize: 256, controlLocation: 'front-end' },
  ],
  [
    'the compute limits',
    {
      limits: {
        rate: [],
        absolute: {
          maxServerMeta: 128,
          maxTotalCores: 20,
          maxTotalInstances: 10,
          maxTotalRAMSize: -1,
          totalCoresUsed: 1,
          totalInstancesUsed: 2,
          totalRAMUsed: 512,
        },
      },
    },
    getComputeLimits,
    { instances: { max: 10, used: 2 }, cores: { max: 20, used: 1 }, ram: { max: -1, used: 512 } },
  ],
  [
    'the quotas of volume types',
    {
      quota_set: {
        id: 'ab',
        gigabytes: { in_use: 1, limit: 1000, reserved: 0, allocated: 0 },
        gigabytes_luks: { in_use: 3, limit: -1, reserved: 1 },
        groups: { in_use: 0, limit: 10, reserved: 0 },
      },
    },
    getTypeLimits,
    { gigabytes_luks: { used: 4, max: -1 } },
  ],
  [
    'the use of images',
    {
      usage: {
        image_count_total: { limit: 10, usage: 2 },
        image_size_total: { limit: 1000, usage: 20 },
        image_stage_total: { limit: 1000, usage: 0 },
      },
    },
    getImageLimits,
    { size: { used: 20, max: 1000 }, images: { used: 2, max: 10 }, uploading: undefined },
  ],
  ['no access list', { read: { 'project-access': true } }, (client) => getAcl(client, ID), undefined],
  [
    'an access list',
    { read: { created: WHEN, 'project-access': false, updated: WHEN, users: ['u1', 'u2'] } },
    (client) => getAcl(client, ID),
    { projectAccess: false, users: ['u1', 'u2'] },
  ],
  [
    'the metadata of a secret',
    { metadata: { description: 'words', geolocation: '12.3456, -98.7654' } },
    (client) => getSecretMetadata(client, ID),
    { description: 'words', geolocation: '12.3456, -98.7654' },
  ],
];

function clientOf(answer: object): { client: ServiceClient; warned: string[] } {
  const warned: string[] = [];
  const log = { debug: () => undefined, info: () => undefined, warn: (text: string) => warned.push(text) };
  const session = { log, scope: { project: { id: 'ab' } } } as unknown as Session;
  const call = async <T>({ decode }: Call<T>) => decode(answer as Readonly<Record<string, unknown>>);
  return { client: { session, call, supports: () => true } as unknown as ServiceClient, warned };
}

describe("answers in the shape of the services' own samples", () => {
  test.each(RECORDED)('a %s is read', async (_kind, key, item, read) => {
    const { client, warned } = clientOf({ [key]: [item] });
    expect(await read(client)).toHaveLength(1);
    expect(warned).toEqual([]);
  });

  test.each(RECORDED)('an odd %s fails alone', async (_kind, key, item, read, keepsOdd) => {
    const odd = { id: keepsOdd ? '66666666-2222-4333-8444-555555555555' : 7, name: 'odd' };
    const { client, warned } = clientOf({ [key]: [odd, item] });
    const all = (await read(client)) as { id: string; status?: string }[];
    expect(all).toHaveLength(keepsOdd ? 2 : 1);
    if (keepsOdd) expect(all[0]?.status).toMatch(/^(unreadable: .* is not|UNKNOWN$)/);
    else expect(warned.join()).toMatch(/of the cloud cannot be read \(.*\): left out/);
  });

  test.each(WHOLE)('%s: read', async (_kind, answer, read, expected) => {
    const { client, warned } = clientOf(answer);
    expect(await read(client)).toEqual(expected);
    expect(warned).toEqual([]);
  });

  test('the limits, and a token with a catalogue of every age', async () => {
    const absolute = { totalVolumesUsed: 1, maxTotalVolumes: 10, totalBackupsUsed: 0, maxTotalBackups: 10 };
    const { client } = clientOf({ limits: { rate: [], absolute } });
    expect((await getLimits(client)).volumes).toEqual({ used: 1, max: 10 });
    const token = {
      methods: ['password'],
      roles: [{ id: 'ab', name: 'member' }],
      expires_at: ZULU,
      issued_at: ZULU,
      project: { domain: { id: 'default', name: 'Default' }, id: 'ab', name: 'p' },
      is_domain: false,
      user: { domain: { id: 'default', name: 'Default' }, id: 'jane%40example.org', name: 'jane' },
      audit_ids: ['x'],
      catalog: [
        {
          type: 'volume',
          id: 'x',
          name: 'cinder',
          endpoints: [
            { region_id: 'R', url: 'http://c.example/v1/ab', region: 'R', interface: 'public', id: 'x' },
          ],
        },
        { type: 'object-store', endpoints: [{ interface: 'public', url: null }] },
        { endpoints: [] },
      ],
    };
    expect(decodeToken('t', { token })).toMatchObject({
      user: { id: 'jane%40example.org' },
      roles: ['member'],
      catalog: [
        { type: 'volume', endpoints: [{ region: 'R' }] },
        { type: 'object-store', endpoints: [] },
      ],
    });
  });
});
