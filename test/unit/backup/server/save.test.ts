import { describe, expect, test } from '@jest/globals';
import type { Activity } from '../../../../src/backup/server/activity.ts';
import { parseBlockDeviceMapping } from '../../../../src/backup/server/block-device-mapping.ts';
import { promised, requiresQuiesce } from '../../../../src/backup/server/consistency.ts';
import { inOrder } from '../../../../src/backup/server/disks.ts';
import { missingOf } from '../../../../src/backup/server/missing.ts';
import { savedServer } from '../../../../src/backup/server/record.ts';
import { isVolumeBacked } from '../../../../src/backup/server/volume-backed.ts';
import { ServerPoint } from '../../../../src/manifest/schema/server.ts';
import { flavor, port, server } from '../../../support/server-records.ts';

/** As Nova 2026.2 wrote it into an image, shortened. */
const MAPPING = JSON.stringify([
  {
    disk_bus: 'virtio',
    device_name: '/dev/vda',
    snapshot_id: '5e7c060b-4639-4b6d-9fe7-ace5f341ae91',
    tag: null,
    boot_index: 0,
    destination_type: 'volume',
    volume_id: null,
    volume_size: 1,
    source_type: 'snapshot',
    delete_on_termination: false,
  },
  {
    device_name: '/dev/vdb',
    snapshot_id: '9e467be7-a6b8-4f7a-859f-87056e2f76f5',
    tag: 'data',
    boot_index: -1,
    source_type: 'snapshot',
    delete_on_termination: true,
  },
  {
    device_name: '/dev/vdc',
    source_type: 'blank',
    guest_format: 'swap',
    boot_index: null,
    snapshot_id: null,
  },
]);

describe('the block device mapping of an image', () => {
  test('gives snapshots with their places, and what is no volume', () => {
    expect(parseBlockDeviceMapping(MAPPING)).toEqual([
      {
        snapshotId: '5e7c060b-4639-4b6d-9fe7-ace5f341ae91',
        bootIndex: 0,
        device: '/dev/vda',
        tag: undefined,
        deleteOnTermination: false,
      },
      {
        snapshotId: '9e467be7-a6b8-4f7a-859f-87056e2f76f5',
        bootIndex: undefined,
        device: '/dev/vdb',
        tag: 'data',
        deleteOnTermination: true,
      },
      {
        snapshotId: undefined,
        bootIndex: undefined,
        device: '/dev/vdc',
        tag: undefined,
        deleteOnTermination: false,
      },
    ]);
  });

  test.each([
    ['no JSON', '[{'],
    ['no list', '{}'],
    ['a list of no objects', '[1]'],
    ['an id that climbs', JSON.stringify([{ source_type: 'snapshot', snapshot_id: '../../volumes/x' }])],
    ['no id', JSON.stringify([{ source_type: 'snapshot', snapshot_id: null }])],
    [
      'the same snapshot twice',
      MAPPING.replace('9e467be7-a6b8-4f7a-859f-87056e2f76f5', '5e7c060b-4639-4b6d-9fe7-ace5f341ae91'),
    ],
    ['a boot index that is no number', JSON.stringify([{ source_type: 'blank', boot_index: {} }])],
    ['a device of kilobytes', JSON.stringify([{ source_type: 'blank', device_name: 'x'.repeat(2000) }])],
    ['more disks than a server has', JSON.stringify(new Array(300).fill({ source_type: 'blank' }))],
    ['megabytes', `[${' '.repeat(1 << 20)}]`],
  ])('refuses %s', (_, text) => {
    expect(() => parseBlockDeviceMapping(text)).toThrow('is not what Nova writes');
  });
});

describe('a server boots from a volume', () => {
  const at = (device: string | undefined, volumeId = 'v') => ({ volumeId, device });
  const [bootable, plain] = [
    { id: 'v', bootable: true },
    { id: 'v', bootable: false },
  ];

  test.each([
    ['that has no image', undefined, [at('/dev/vda')], [bootable], true],
    [
      'that has the image of another volume-backed one',
      'i',
      [at('/dev/vdb', 'w'), at('/dev/vda')],
      [bootable],
      true,
    ],
    ['on another bus', 'i', [at('/dev/sda')], [bootable], true],
    ['but not one with volumes behind its own disk', 'i', [at('/dev/vdb')], [bootable], false],
    ['but not one whose volume is the first of another bus', 'i', [at('/dev/sda')], [plain], false],
    ['but not one without any', 'i', [], [bootable], false],
    ['but not one whose devices are not told', 'i', [at(undefined)], [bootable], false],
  ])('%s', (_which, imageId, attachments, volumes, answer) => {
    expect(isVolumeBacked({ imageId }, attachments, volumes)).toBe(answer);
  });
});

describe('what is promised', () => {
  const look = (status: string, fields: Partial<Activity> = {}): Activity => ({
    status,
    powered: status === 'ACTIVE',
    actions: ['req-1'],
    ...fields,
  });
  const was = (status: string, fields?: Partial<Activity>) => ({ before: look(status, fields) });
  const is = (status: string, fields?: Partial<Activity>) => ({ after: look(status, fields) });
  const running = {
    volumeBacked: true,
    ...was('ACTIVE'),
    ...is('ACTIVE'),
    requiresQuiesce: false,
    disks: 2,
    shared: false,
  };
  test.each([
    ['running', {}, 'crash', false],
    ['running, one disk', { disks: 1 }, 'crash', true],
    ['frozen', { requiresQuiesce: true }, 'quiesced', true],
    ['stopped', { ...was('SHUTOFF'), ...is('SHUTOFF') }, 'offline', true],
    [
      'stopped, started and stopped again meanwhile',
      { ...was('SHUTOFF'), ...is('SHUTOFF', { actions: ['req-3', 'req-2', 'req-1'] }) },
      'crash',
      false,
    ],
    [
      'stopped, and nobody may see what was done with it',
      { ...was('SHUTOFF', { actions: undefined }), ...is('SHUTOFF', { actions: undefined }) },
      'crash',
      false,
    ],
    [
      'stopped, while the hypervisor runs it',
      { ...was('SHUTOFF'), ...is('SHUTOFF', { powered: true }) },
      'crash',
      false,
    ],
    [
      'stopped, on a cloud that does not show power',
      { ...was('SHUTOFF', { powered: undefined }), ...is('SHUTOFF', { powered: undefined }) },
      'offline',
      true,
    ],
    [
      'frozen, and rebooted meanwhile',
      { requiresQuiesce: true, ...is('ACTIVE', { actions: ['req-2', 'req-1'] }) },
      'crash',
      false,
    ],
    ['stopped, and started meanwhile', was('SHUTOFF'), 'crash', false],
    [
      'paused: nothing writes, and nothing was written out',
      { ...was('PAUSED'), ...is('PAUSED') },
      'crash',
      true,
    ],
    ['paused before, where no freeze is tried', { ...was('PAUSED'), requiresQuiesce: true }, 'crash', false],
    [
      'stopped, where another server has a volume too',
      { ...was('SHUTOFF'), ...is('SHUTOFF'), shared: true },
      'crash',
      false,
    ],
    ['paused after', { ...is('PAUSED'), requiresQuiesce: true }, 'crash', false],
    [
      'image-backed, where a freeze may fail unseen',
      { volumeBacked: false, requiresQuiesce: true, disks: 1 },
      'crash',
      true,
    ],
  ] as const)('%s', (_, fields, consistency, oneMoment) => {
    expect(promised({ ...running, ...fields })).toEqual({ consistency, oneMoment });
  });

  test.each([
    ['yes', true],
    ['True', true],
    ['1', true],
    ['no', false],
    ['', false],
    ['yes please', false],
  ])('os_require_quiesce=%p is %p', (value, required) => {
    expect(requiresQuiesce({ os_require_quiesce: value })).toBe(required);
  });

  test('nothing of os_require_quiesce', () => {
    expect(requiresQuiesce({})).toBe(false);
  });
});

test('disks come in the order that the guest counts them in', () => {
  const devices = ['/dev/vdaa', '/dev/vdb', undefined, '/dev/vdz', '/dev/vdc'];
  const places = devices.map((device) => ({ device, bootIndex: device === '/dev/vdc' ? 0 : undefined }));
  expect(inOrder(places).map(({ device }) => device)).toEqual([
    '/dev/vdc',
    undefined,
    '/dev/vdb',
    '/dev/vdz',
    '/dev/vdaa',
  ]);
});

describe('what cannot be had', () => {
  const looked = { multiattached: [], portsKnown: true, hidden: [] };
  const of = (fields: Partial<Parameters<typeof record>[0]>) =>
    missingOf({ server: record(fields), ...looked });

  test('of every server: what only administrators see', () => {
    expect(of({}).join('\n')).toMatch(/^user data.*\nthe administrator password/);
    expect(of({})).toHaveLength(2);
  });

  test('of this one: what applies', () => {
    const all = missingOf({
      server: record({ status: 'PAUSED', keyName: 'ada' }, { ephemeral: 20, swap: 512 }),
      multiattached: ['shared\n::error::x'],
      portsKnown: false,
      hidden: ['the hostname'],
    });
    for (const words of [
      'the private key of key pair "ada"',
      'the public key of key pair "ada"',
      'the ephemeral disk (20 GiB)',
      'the swap disk (512 MiB)',
      'the memory of the guest',
      'volume "shared\\n::error::x"',
      'the network service is not available',
      'the hostname: this cloud',
    ])
      expect(all.join('\n')).toContain(words);
  });

  function record(fields: Parameters<typeof server>[0], values: Parameters<typeof flavor>[0] = {}) {
    const { id: _id, ...own } = flavor(values);
    return savedServer(
      {
        server: server({ ...fields, flavor: own }),
        flavors: [],
        image: null,
        keyPair: undefined,
        groups: [],
        network: undefined,
      },
      [],
      undefined,
    );
  }
});

describe('the record of a server', () => {
  const HOSTILE = 'x\n::error::y `id`';
  const NETWORK = '33333333-3333-4333-8333-333333333333';
  const GROUP = '44444444-4444-4444-8444-444444444444';
  const full = server({
    name: HOSTILE,
    keyName: HOSTILE,
    securityGroups: ['web', 'web', 'default'],
    metadata: { [HOSTILE]: HOSTILE },
    addresses: { [HOSTILE]: [{ address: '192.0.2.7', mac: 'fa:16:3e:00:00:01', type: 'fixed' }] },
    serverGroups: [GROUP],
  });
  const saved = savedServer(
    {
      server: full,
      flavors: [flavor({ id: 'other', ram: 1 }), flavor({ id: 'm1' })],
      image: { id: GROUP, name: 'debian' },
      keyPair: { name: HOSTILE, publicKey: 'ssh-ed25519 AAAA', type: 'ssh' },
      groups: [{ id: GROUP, name: 'apart', policy: 'anti-affinity', members: [] }],
      network: {
        ports: [
          {
            id: '55555555-5555-4555-8555-555555555555',
            name: '',
            description: '',
            createdAt: '',
            networkId: NETWORK,
            mac: 'fa:16:3e:00:00:01',
            fixedIps: [{ address: '192.0.2.7', subnetId: undefined }],
            securityGroups: [GROUP],
            allowedAddressPairs: [{ address: '192.0.2.9', mac: undefined }],
            portSecurity: true,
            vnicType: 'normal',
            deviceId: full.id,
          },
        ],
        floatingIps: [
          {
            id: NETWORK,
            address: '198.51.100.4',
            portId: '55555555-5555-4555-8555-555555555555',
            fixedAddress: undefined,
          },
          { id: GROUP, address: '198.51.100.5', portId: undefined, fixedAddress: undefined },
        ],
        networks: [
          { id: NETWORK, name: 'private', external: false, portSecurity: true, shared: false, ours: true },
        ],
        securityGroups: [],
      },
    },
    [],
    '/dev/vda',
  );

  test('has all that belongs to it, each once', () => {
    expect(saved).toMatchObject({
      name: HOSTILE,
      flavor: { id: 'm1', name: 'm1.small', vcpus: 1, ram: 2048 },
      rootDevice: '/dev/vda',
      securityGroups: ['web', 'default'],
      keyPair: { name: HOSTILE, publicKey: 'ssh-ed25519 AAAA', type: 'ssh' },
      serverGroup: { id: GROUP, name: 'apart', policy: 'anti-affinity' },
      ports: [
        {
          network: { id: NETWORK, name: 'private' },
          securityGroups: [{ id: GROUP, name: null }],
          floatingIps: ['198.51.100.4'],
        },
      ],
    });
  });

  test('has the ports in the order in which the guest counts its network cards', () => {
    const cards = [2, 3, 1].map((last) => ({
      address: `192.0.2.${last}`,
      mac: `fa:16:3e:00:00:0${last}`,
      type: 'fixed',
    }));
    const [first, ...more] = cards;
    if (first === undefined) throw new Error('there is no card');
    const { ports } = savedServer(
      {
        server: server({ addresses: { front: [first], back: more } }),
        flavors: [],
        image: null,
        keyPair: undefined,
        groups: [],
        network: {
          ports: cards.map(({ mac }) => port({ mac })).sort((a, b) => (a.mac < b.mac ? -1 : 1)),
          floatingIps: [],
          networks: [],
          securityGroups: [],
        },
      },
      [],
      undefined,
    );
    expect(ports.map(({ mac }) => mac)).toEqual(cards.map(({ mac }) => mac));
  });

  test('fits the schema', async () => {
    const { Value } = await import('typebox/value');
    const point = {
      id: '66666666-6666-4666-8666-666666666666',
      resource: saved,
      method: 'disks',
      consistency: 'crash',
      oneMoment: false,
      missing: [],
      seconds: 1,
    };
    expect(Value.Errors(ServerPoint, point)).toEqual([]);
  });

  test('names the values of a flavor that is gone, and no id', () => {
    const { flavor: lost } = savedServer(
      { server: full, flavors: [], image: null, keyPair: undefined, groups: [], network: undefined },
      [],
      undefined,
    );
    expect(lost).toMatchObject({ id: null, name: 'm1.small', vcpus: 1, ram: 2048, disk: 20 });
  });
});
