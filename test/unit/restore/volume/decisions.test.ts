import { describe, expect, test } from '@jest/globals';
import type { VolumeType } from '../../../../src/openstack/blockstorage/v3/types.ts';
import { encryptionMismatch, imageMismatch } from '../../../../src/restore/volume/encryption-fit.ts';
import { mayBeShorter, refuseTarget } from '../../../../src/restore/volume/overwrite.ts';
import { gigabytesFor } from '../../../../src/restore/volume/plan-from-image.ts';
import { fromManifest, type RestoreSource } from '../../../../src/restore/volume/source.ts';
import { typeForBackup, typeForImage, typeNamed } from '../../../../src/restore/volume/volume-type.ts';
import { backupPoint, encryptedWith, secretPoint, volumeImagePoint } from '../../../support/points.ts';
import { volume } from '../../../support/records.ts';

const [A, B, C] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((word) => `${word}-0000-4000-8000-000000000000`);
const STANDARD: VolumeType = { id: A ?? '', name: 'standard', public: true };
const LUKS: VolumeType = { id: B ?? '', name: 'luks', public: true };
const TYPES = [STANDARD, LUKS];

function source(fields: Partial<RestoreSource> = {}): RestoreSource {
  return {
    backupId: 'the-backup',
    size: 2,
    encrypted: false,
    volumeId: 'the-volume',
    name: 'db',
    typeId: STANDARD.id,
    typeName: 'standard',
    availabilityZone: undefined,
    bootable: false,
    description: '',
    metadata: {},
    imageMetadata: {},
    ...fields,
  };
}

const luks = (fields: Partial<RestoreSource> = {}) =>
  source({ encrypted: true, typeId: LUKS.id, typeName: 'luks', ...fields });

describe('the type of a restored volume', () => {
  test.each([
    ['the recorded one', source(), undefined, STANDARD],
    ['the wished one, by name', source(), 'luks', LUKS],
    ['the wished one, by id', source(), LUKS.id, LUKS],
    ['none, where none is known', source({ typeId: undefined }), undefined, undefined],
    ['the very one of encrypted data', luks(), undefined, LUKS],
    ['the very one of encrypted data, also named', luks(), 'luks', LUKS],
    ['the wished one of encrypted data whose type is not known', luks({ typeId: undefined }), 'luks', LUKS],
  ])('is %s', (_, from, wish, type) => {
    expect(typeForBackup(from, wish, TYPES)).toEqual(type);
  });

  test.each([
    ['an unknown wish', source(), 'gold', /no volume type "gold"/, 2],
    ['a plain one that is gone', source({ typeId: C, typeName: 'old' }), undefined, /no longer exists/, 2],
    ['another one for encrypted data', luks(), 'standard', /cannot be restored to type standard/, 2],
    ['encrypted data whose type is gone', luks({ typeId: C }), undefined, /only to exactly that type/, 1],
    [
      'encrypted data of an unknown type',
      luks({ typeId: undefined }),
      undefined,
      /type of its volume is unknown/,
      2,
    ],
    ['another one in place of a gone one', luks({ typeId: C }), 'luks', /only to exactly that type/, 1],
  ])('is refused: %s', (_, from, wish, message, exitCode) => {
    expect(() => typeForBackup(from, wish, TYPES)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode }),
    );
  });

  test('an id counts before a name', () => {
    const trap = { ...STANDARD, id: C ?? '', name: LUKS.id };
    expect(typeNamed(LUKS.id, [trap, LUKS])).toEqual(LUKS);
  });

  test('of an image is known by its name in another cloud, and else refused with what to look for', () => {
    const plain = volumeImagePoint({ volumeType: 'standard' });
    expect(typeForImage(plain, undefined, [{ ...STANDARD, id: C ?? '' }])?.id).toBe(C);
    expect(typeForImage(plain, 'luks', TYPES)).toEqual(LUKS);
    expect(() => typeForImage(plain, undefined, [LUKS])).toThrow(/volume type "standard" .* does not exist/);
    const encrypted = volumeImagePoint({ volumeType: 'old' }, encryptedWith(secretPoint()));
    expect(() => typeForImage(encrypted, undefined, [STANDARD])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('that encrypts with luks') }),
    );
  });
});

describe('how a volume must be encrypted', () => {
  const plain = { encrypted: false } as const;
  const by = (provider: string | undefined) => ({ encrypted: true, provider }) as const;
  test.each([
    ['plain data, plain type', undefined, plain],
    ['LUKS 1, luks', 1, by('luks')],
    ['LUKS 2, luks2', 2, by('luks2')],
    ['LUKS 1, by the class that providers were once', 1, by('nova.volume.encryptors.luks.LuksEncryptor')],
    ['LUKS 2, where the cloud does not tell', 2, by(undefined)],
  ] as const)('an image may: %s', (_, version, encryption) => {
    expect(imageMismatch(version, encryption, 't')).toBeUndefined();
  });

  test.each([
    ['plain data on an encrypted type', undefined, by('luks'), /is encrypted, but the data is not/],
    ['encrypted data on a plain type', 1, plain, /nobody could open it/],
    ['LUKS 1 on luks2', 1, by('luks2'), /encrypts with luks2, but the data is LUKS version 1/],
    ['LUKS 2 on luks', 2, by('luks'), /encrypts with luks, but the data is LUKS version 2/],
    ['LUKS 2 on the class of LUKS 1', 2, by('os_brick.encryptors.luks.LuksEncryptor'), /LUKS version 2/],
    ['LUKS on plain dm-crypt', 1, by('plain'), /encrypts with plain/],
  ] as const)('an image must not: %s', (_, version, encryption, message) => {
    expect(imageMismatch(version, encryption, 't')).toMatchObject({
      message: expect.stringMatching(message),
      exitCode: 2,
    });
  });

  test('a backup fits only where both are, or neither', () => {
    expect(encryptionMismatch(true, true, 't')).toBeUndefined();
    expect(encryptionMismatch(false, false, 't')).toBeUndefined();
    expect(encryptionMismatch(true, false, 't')?.what).toMatch(/t is not encrypted, but the backup is/);
    expect(encryptionMismatch(false, true, 't')?.what).toMatch(/t is encrypted, but the backup is not/);
  });
});

describe('a volume to be overwritten', () => {
  const free = { volumeTypeId: STANDARD.id, size: 2 };
  const secret = { volumeTypeId: LUKS.id, volumeType: 'luks', encrypted: true, size: 2 };
  test.each([
    ['a free one', source(), free],
    ['a larger one', source(), { ...free, size: 3 }],
    ['plain data to another plain type', source(), { ...free, volumeTypeId: C }],
    ['encrypted data to its very type', luks(), secret],
    [
      'encrypted data to its very type, which an old cloud tells by name',
      luks(),
      { ...secret, volumeTypeId: undefined },
    ],
  ])('can be: %s', (_, from, fields) => {
    expect(refuseTarget(from, volume(fields), TYPES)).toBeUndefined();
  });

  const attachments = [{ serverId: 's1', device: '/dev/vdb', attachmentId: 'a' }] as never;
  test.each([
    ['one in use', source(), { ...free, status: 'in-use', attachments }, /is in use by server s1/],
    [
      'one that says it is available, and is attached',
      source(),
      { ...free, attachments },
      /in use by server s1/,
    ],
    ['one that the cloud works at', source(), { ...free, status: 'backing-up' }, /is backing-up/],
    ['one of a failed restore', source(), { ...free, status: 'error_restoring' }, /error_restoring/],
    ['a smaller one', source(), { ...free, size: 1 }, /has 1 GiB, but the backup needs 2/],
    ['plain data over an encrypted one', source(), secret, /discard the volume's key/],
    ['encrypted data over a plain one', luks(), free, /Cinder would overwrite the data and then fail/],
    ['encrypted data over another type', luks(), { ...secret, volumeTypeId: C }, /of type luks \(cccc/],
    [
      'encrypted data of an unknown type',
      luks({ typeId: undefined }),
      secret,
      /type of its volume is unknown/,
    ],
  ])('cannot be: %s', (_, from, fields, message) => {
    expect(refuseTarget(from, volume(fields), TYPES)?.message).toMatch(message);
  });
});

describe('an encrypted volume made of an image, which may be shorter than the saved one', () => {
  const ofImage = { id: 'target', size: 2, encrypted: true, imageMetadata: { image_id: A ?? '' } };
  test('is told, with the size that takes the backup', () => {
    expect(mayBeShorter(luks(), volume(ofImage))).toMatch(/openstack volume set --size 3 target; or/);
  });

  test.each([
    ['plain', source(), { ...ofImage, encrypted: false }],
    ['the very volume that was saved', luks({ volumeId: 'target' }), ofImage],
    ['larger', luks(), { ...ofImage, size: 3 }],
    ['made of no image', luks(), { ...ofImage, imageMetadata: { os: 'linux' } }],
  ])('is not one that is %s', (_, from, fields) => {
    expect(mayBeShorter(from, volume(fields))).toBeUndefined();
  });
});

test('a restore point tells what the volume was, and nothing that it does not know', () => {
  const point = backupPoint({
    name: '',
    availabilityZone: '',
    volumeType: undefined,
    bootable: true,
    metadata: { k: 'v' },
    imageMetadata: { os: 'linux' },
    description: 'mine',
  });
  expect(fromManifest(point)).toMatchObject({
    backupId: point.backup.id,
    size: point.backup.size,
    encrypted: false,
    volumeId: point.resource.id,
    name: '',
    availabilityZone: undefined,
    bootable: true,
    metadata: { k: 'v' },
    imageMetadata: { os: 'linux' },
    description: 'mine',
  });
  expect(fromManifest(backupPoint({}, encryptedWith(secretPoint()))).encrypted).toBe(true);
});

test('a volume is as large as Cinder asks for to make it of its image', () => {
  const { resource } = volumeImagePoint();
  const point = { ...volumeImagePoint(), resource: { ...resource, size: 2 } };
  const GIB = 1024 ** 3;
  expect([1, GIB, 2 * GIB, 2 * GIB + 1, 3 * GIB].map((bytes) => gigabytesFor(point, bytes))).toEqual([
    2, 2, 2, 3, 3,
  ]);
});
