import { describe, expect, test } from '@jest/globals';
import { decideMethod, doubtOfImage, type MethodFacts } from '../../../src/plan/method.ts';

const facts = (fields: Partial<MethodFacts> = {}): MethodFacts => ({
  store: true,
  size: 10,
  provider: undefined,
  ...fields,
});

describe('the way of a volume', () => {
  test.each(['image', 'cinder-backup'] as const)('is %s where that is asked for', (method) => {
    for (const store of [true, false])
      expect(decideMethod(method, facts({ store, provider: 'luks2' }))).toEqual({
        method,
        reason: 'that method was requested',
      });
  });

  test.each([
    ['no store is given, so the data stays in the cloud', 'cinder-backup', { store: false }],
    ['a store is given, so the data leaves the cloud', 'image', {}],
    ['a store is given, so the data leaves the cloud', 'image', { provider: 'luks' }],
    [
      'Glance since 2025.1 refuses images with a LUKS2 header, so its data cannot leave the cloud',
      'cinder-backup',
      { provider: 'luks2' },
    ],
    [
      'Glance accepts images of up to 1 TiB, so its data cannot leave the cloud',
      'cinder-backup',
      { size: 1025 },
    ],
  ] as const)('auto: %s', (reason, method, fields) => {
    // What Glance itself may take is asked of it.
    const asked = 'provider' in fields && fields.provider === 'luks2' ? { imageIfTaken: true } : {};
    expect(decideMethod('auto', facts(fields))).toEqual({ method, reason, ...asked });
  });

  test.each([
    [1024, undefined, undefined],
    [1024, 'luks', 'Glance accepts images of up to 1 TiB'],
    [1024, null, 'Glance accepts images of up to 1 TiB'],
    [1023, null, undefined],
    [
      1,
      'nova.volume.encryptors.luks.Luks2Encryptor',
      'Glance since 2025.1 refuses images with a LUKS2 header',
    ],
  ])('%d GiB, provider %s: what may refuse it is %s', (size, provider, doubt) => {
    expect(doubtOfImage({ size, provider })).toBe(doubt);
  });
});
