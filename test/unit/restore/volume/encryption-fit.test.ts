import { describe, expect, test } from '@jest/globals';
import { imageMismatch } from '../../../../src/restore/volume/encryption-fit.ts';

describe('encrypted data', () => {
  const LUKS1 = ['luks', 'LUKS', 'nova.volume.encryptors.luks.LuksEncryptor'];
  const LUKS2 = ['luks2', 'LUKS2', 'os_brick.encryptors.luks.Luks2Encryptor'];
  const NEITHER = ['plain', 'cryptsetup', 'nova.volume.encryptors.cryptsetup.CryptsetupEncryptor'];

  test.each([
    [1, LUKS1, [...LUKS2, ...NEITHER]],
    [2, LUKS2, [...LUKS1, ...NEITHER]],
  ] as const)('of LUKS version %d fits types of that version only', (luks, fits, others) => {
    const mismatch = (provider: string) => imageMismatch(luks, { encrypted: true, provider }, 'gold');
    for (const provider of fits) expect([provider, mismatch(provider)]).toEqual([provider, undefined]);
    for (const provider of others)
      expect(mismatch(provider)?.message).toBe(
        `volume type gold encrypts with ${provider}, but the data is LUKS version ${luks}`,
      );
  });

  test('fits a type that does not tell its provider, and none that does not encrypt', () => {
    for (const luks of [1, 2] as const) {
      expect(imageMismatch(luks, { encrypted: true, provider: undefined }, 'gold')).toBeUndefined();
      expect(imageMismatch(luks, { encrypted: false }, 'gold')?.message).toContain('is not encrypted');
    }
    expect(imageMismatch(undefined, { encrypted: true, provider: 'luks' }, 'gold')?.message).toContain(
      'is encrypted, but the data is not',
    );
    expect(imageMismatch(undefined, { encrypted: false }, 'gold')).toBeUndefined();
  });
});
