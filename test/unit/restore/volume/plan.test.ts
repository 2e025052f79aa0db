import { describe, expect, test } from '@jest/globals';
import { encryptionMismatch, imageMismatch } from '../../../../src/restore/volume/encryption-fit.ts';
import { refuseTarget } from '../../../../src/restore/volume/overwrite.ts';
import type { RestoreSource } from '../../../../src/restore/volume/source.ts';
import { typeForBackup } from '../../../../src/restore/volume/volume-type.ts';
import { volume } from '../../../support/records.ts';

const types = [
  { id: 't-plain', name: 'plain' },
  { id: 't-luks', name: 'luks' },
  { id: 't-other', name: 'other' },
] as unknown as Parameters<typeof typeForBackup>[2];

const source = (more: Partial<RestoreSource> = {}): RestoreSource => ({
  backupId: 'b',
  size: 2,
  encrypted: false,
  volumeId: 'v',
  name: 'db',
  typeId: 't-plain',
  typeName: 'plain',
  availabilityZone: undefined,
  bootable: false,
  description: '',
  metadata: {},
  imageMetadata: {},
  ...more,
});
const sealed = (more: Partial<RestoreSource> = {}) =>
  source({ encrypted: true, typeId: 't-luks', typeName: 'luks', ...more });
const target = (more: Parameters<typeof volume>[0] = {}) =>
  volume({
    size: 2,
    status: 'available',
    encrypted: false,
    volumeType: 'plain',
    volumeTypeId: 't-plain',
    ...more,
  });
const vault = (more: Parameters<typeof volume>[0] = {}) =>
  target({ encrypted: true, volumeType: 'luks', volumeTypeId: 't-luks', ...more });

describe('a volume that a backup is written over', () => {
  test('takes the backup where it is detached, as large, and encrypted alike', () => {
    expect(refuseTarget(source(), target(), types)).toBeUndefined();
    expect(refuseTarget(source(), target({ size: 3 }), types)).toBeUndefined();
    expect(refuseTarget(sealed(), vault(), types)).toBeUndefined();
    expect(refuseTarget(sealed(), vault({ volumeTypeId: undefined }), types)).toBeUndefined();
  });

  test.each([
    ['in use', source(), target({ status: 'in-use' }), 'is in use'],
    [
      'attached, whatever its status',
      source(),
      target({ attachments: [{ serverId: 's', device: '/dev/vdb' }] }),
      'is in use by server s',
    ],
    ['busy', source(), target({ status: 'uploading' }), 'is uploading'],
    ['in error_restoring', source(), target({ status: 'error_restoring' }), 'after a failed restore'],
    ['too small', source(), target({ size: 1 }), 'the backup needs 2'],
    ['encrypted, for plain data', source(), vault(), 'is encrypted, but the backup is not'],
    [
      'of another type, for encrypted data',
      sealed(),
      vault({ volumeTypeId: 't-other' }),
      'of type luks (t-luks)',
    ],
    ['plain, for encrypted data', sealed(), target(), 'of type luks (t-luks)'],
    [
      'of any type, for encrypted data of an unknown one',
      sealed({ typeId: undefined }),
      vault(),
      'is unknown',
    ],
  ])('is refused when it is %s', (_, from, to, said) => {
    expect(refuseTarget(from, to, types)?.message).toContain(said);
  });
});

describe('the type of a new volume', () => {
  test('of a plain backup is the one that was asked for, else its own', () => {
    expect(typeForBackup(source(), undefined, types)?.id).toBe('t-plain');
    expect(typeForBackup(source(), 'other', types)?.id).toBe('t-other');
    expect(() => typeForBackup(source({ typeId: 'gone' }), undefined, types)).toThrow('no longer exists');
    expect(() => typeForBackup(source(), 'gone', types)).toThrow('there is no volume type');
  });

  test('of an encrypted backup is its own, and no other', () => {
    expect(typeForBackup(sealed(), undefined, types)?.id).toBe('t-luks');
    expect(typeForBackup(sealed(), 'luks', types)?.id).toBe('t-luks');
    expect(() => typeForBackup(sealed(), 'other', types)).toThrow('cannot be restored to type other');
    expect(() => typeForBackup(sealed({ typeId: 'gone' }), undefined, types)).toThrow(
      'only to exactly that type',
    );
    expect(() => typeForBackup(sealed({ typeId: undefined }), undefined, types)).toThrow('is unknown');
    expect(typeForBackup(sealed({ typeId: undefined }), 'luks', types)?.id).toBe('t-luks');
  });
});

describe('data and type', () => {
  const luks = { encrypted: true, provider: 'luks' } as const;
  const old = { encrypted: true, provider: 'nova.volume.encryptors.luks.LuksEncryptor' } as const;
  const luks2 = { encrypted: true, provider: 'luks2' } as const;
  const unknown = { encrypted: true, provider: undefined } as const;
  const plain = { encrypted: false } as const;

  test.each([
    [undefined, plain],
    [1, luks],
    [1, old],
    [2, luks2],
    [1, unknown],
    [2, unknown],
  ] as const)('LUKS %s fits %j', (version, type) => {
    expect(imageMismatch(version, type, 'x')).toBeUndefined();
  });

  test.each([
    [undefined, luks, 'is encrypted, but the data is not'],
    [undefined, unknown, 'is encrypted, but the data is not'],
    [1, plain, 'is not encrypted, but the data is'],
    [2, plain, 'is not encrypted, but the data is'],
    [1, luks2, 'the data is LUKS version 1'],
    [2, luks, 'the data is LUKS version 2'],
    [2, old, 'the data is LUKS version 2'],
  ] as const)('LUKS %s does not fit %j', (version, type, said) => {
    expect(imageMismatch(version, type, 'x')?.message).toContain(said);
  });

  test('a backup fits a type that is encrypted as it is', () => {
    expect(encryptionMismatch(true, true, 'x')).toBeUndefined();
    expect(encryptionMismatch(false, false, 'x')).toBeUndefined();
    expect(encryptionMismatch(true, false, 'x')?.what).toContain('is not encrypted, but the backup is');
    expect(encryptionMismatch(false, true, 'x')?.what).toContain('is encrypted, but the backup is not');
  });
});
