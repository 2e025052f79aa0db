import { describe, expect, test } from '@jest/globals';
import { payloadName } from '../../../src/payload/name.ts';

const id = '5f2c9a01-0000-4000-8000-000000000000';

describe('the name of a payload', () => {
  test.each([
    ['volume', 'raw', 'zstd', true, `volume-${id}.raw.zst.age`],
    ['image', 'qcow2', 'zstd', false, `image-${id}.qcow2.zst`],
    ['image', '../x', 'none', false, `image-${id}.img`],
    ['image', undefined, 'none', true, `image-${id}.img.age`],
    ['secret', undefined, 'none', true, `secret-${id}.key.age`],
  ] as const)('of a %s in %s, %s, sealed %s tells how to open it by hand: %s', (...row) => {
    const [kind, format, compression, sealed, name] = row;
    expect(payloadName({ kind, point: id, format }, { compression, sealed })).toBe(name);
  });

  test('is never a path', () =>
    expect(() =>
      payloadName({ kind: 'image', point: '../x' }, { compression: 'none', sealed: false }),
    ).toThrow('is not the name of a payload'));
});
