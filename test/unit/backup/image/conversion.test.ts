import { describe, expect, test } from '@jest/globals';
import { conversionOf } from '../../../../src/backup/image/conversion.ts';
import { GIB } from '../../../../src/text/bytes.ts';

const qcow2 = {
  diskFormat: 'qcow2',
  containerFormat: 'bare',
  size: 5_000_000,
  virtualSize: 700 * 2 ** 20 + 1536,
  minDisk: 0,
  properties: {},
};

describe('how an image is taken as raw', () => {
  test.each([
    ['whole GiB for a disk of less', {}, { size: qcow2.virtualSize, gigabytes: 1 }],
    ['no more than a disk of whole GiB needs', { virtualSize: 2 * GIB }, { size: 2 * GIB, gigabytes: 2 }],
    ['one more for a byte more', { virtualSize: 2 * GIB + 1 }, { size: 2 * GIB + 1, gigabytes: 3 }],
    ['as Glance wants it', { minDisk: 20 }, { size: qcow2.virtualSize, gigabytes: 20 }],
    [
      'for an image that is larger than its disk',
      { virtualSize: GIB, size: GIB + 200_000 },
      { size: GIB, gigabytes: 2 },
    ],
    ['of vmdk, too', { diskFormat: 'vmdk' }, { size: qcow2.virtualSize, gigabytes: 1 }],
  ])('%s', (_, fields, expected) => {
    expect(conversionOf({ ...qcow2, ...fields })).toEqual(expected);
  });

  test.each(['raw', 'iso', undefined])('%s is the disk itself', (diskFormat) => {
    expect(conversionOf({ ...qcow2, diskFormat })).toBeUndefined();
  });

  test.each([
    ['signed', { properties: { img_signature_key_type: 'RSA-PSS' } }, 'it is signed'],
    ['encrypted by Cinder', { properties: { cinder_encryption_key_id: 'x' } }, 'it is encrypted'],
    ['encrypted by Glance', { properties: { os_encrypt_format: 'LUKS' } }, 'it is encrypted'],
    ['in an OVF', { containerFormat: 'ovf' }, 'its container format is ovf'],
    ['without a container format', { containerFormat: undefined }, 'its container format is unknown'],
    ['of a format that Cinder does not know', { diskFormat: 'aki' }, 'the cloud makes no raw disk of aki'],
    ['of an unknown size', { virtualSize: undefined }, 'Glance does not say how large its disk is'],
  ])('stays as it is: %s', (_, fields, why) => {
    expect(conversionOf({ ...qcow2, ...fields })).toEqual({ why: expect.stringContaining(why) });
  });
});
