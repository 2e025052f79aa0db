import { describe, expect, test } from '@jest/globals';
import type { LookedAt } from '../../../../src/backup/server/facts.ts';
import { refuseUnfrozenServer } from '../../../../src/backup/server/frozen.ts';
import { refuseUnfrozen } from '../../../../src/backup/volume/frozen.ts';
import type { Volume } from '../../../../src/openstack/blockstorage/v3/volumes.ts';

const here = { serverId: 's', device: '/dev/vda' };
const volume = (more: Partial<Volume> = {}) =>
  ({
    id: 'v',
    name: 'db',
    status: 'in-use',
    bootable: true,
    imageMetadata: {},
    attachments: [here],
    ...more,
  }) as Volume;
const demands = volume({ imageMetadata: { os_require_quiesce: 'yes' } });

interface Case {
  readonly status?: string;
  readonly powered?: boolean;
  readonly image?: object | null;
  readonly disks?: readonly Volume[];
}

function refused({
  status = 'ACTIVE',
  powered = status === 'ACTIVE',
  image = null,
  disks = [volume()],
}: Case) {
  const facts = { server: { id: 's', name: 'shop', status, powered }, image };
  try {
    refuseUnfrozenServer({ facts } as unknown as LookedAt, disks);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^.*: /, '');
  }
}

describe('of a server', () => {
  test.each<[string, Case]>([
    ['that is off', { status: 'SHUTOFF' }],
    ['that is off, from an image', { status: 'SHUTOFF', image: {} }],
    ['whose image demands it', { disks: [demands, volume({ bootable: false })] }],
  ])('%s quiesced or offline is expected', (_, one) => {
    expect(refused(one)).toBeUndefined();
  });

  test.each<[string, Case, string]>([
    [
      'whose image does not demand it',
      {},
      'its image does not have os_require_quiesce=yes, so Nova would go on without freezing them',
    ],
    [
      'whose image is not of its root',
      { disks: [volume(), { ...demands, bootable: false }] },
      'its image does not have os_require_quiesce=yes, so Nova would go on without freezing them',
    ],
    [
      'from an image',
      { image: {}, disks: [demands] },
      'it boots from an image, and Nova does not freeze the disk of such a server',
    ],
    ['that is paused', { status: 'PAUSED', disks: [demands] }, 'it is PAUSED'],
    ['that is called off, and runs', { status: 'SHUTOFF', powered: true, disks: [demands] }, 'it is SHUTOFF'],
    [
      'with a volume of two',
      { disks: [demands, volume({ attachments: [here, here] })] },
      'volume "db" (v) is attached to another server too',
    ],
    [
      'that is off, with a volume of two',
      { status: 'SHUTOFF', disks: [volume({ attachments: [here, here] })] },
      'volume "db" (v) is attached to another server too',
    ],
  ])('%s nothing is promised', (_, one, why) => {
    expect(refused(one)).toBe(why);
  });
});

test('of a volume only one that nobody has is offline', () => {
  expect(() => refuseUnfrozen(volume({ status: 'available', attachments: [] }))).not.toThrow();
  expect(() => refuseUnfrozen(volume())).toThrow(
    'volume "db" (v) is attached, and file systems can be frozen only',
  );
  expect(() => refuseUnfrozen(volume({ status: 'available' }))).toThrow('is attached');
});
