import { describe, expect, test } from '@jest/globals';
import { chooseFlavor } from '../../src/restore/server/flavor.ts';
import { parseMapping } from '../../src/restore/server/mapping.ts';
import { flavor } from '../support/server-records.ts';

describe('the flavor', () => {
  const saved = { ...flavor({ id: 'm1', vcpus: 2, ram: 4096, disk: 20 }), extraSpecs: {} };
  const same = flavor(saved);
  const tiny = flavor({ id: 't', name: 'tiny', vcpus: 1, ram: 512, disk: 1 });
  const large = flavor({ id: 'l', name: 'large', vcpus: 8, ram: 16_384, disk: 80 });
  const diskless = flavor({ id: 'd', name: 'diskless', vcpus: 4, ram: 8192, disk: 0 });
  const flat = flavor({ id: 'f', name: 'flat', vcpus: 4, ram: 4096, disk: 10 });

  test('is the recorded one, by id', () => {
    expect(chooseFlavor(saved, [large, same], undefined, true)).toEqual({ flavor: same, instead: undefined });
  });

  test('is the recorded one, by name, where the id is of another cloud', () => {
    const renumbered = { ...same, id: '9' };
    expect(chooseFlavor(saved, [large, renumbered], undefined, true)).toEqual({
      flavor: renumbered,
      instead: undefined,
    });
  });

  test('is not the recorded name where that shrank', () => {
    const shrunk = { ...same, ram: 512 };
    expect(chooseFlavor(saved, [shrunk, large], undefined, true)).toMatchObject({
      flavor: large,
      instead:
        'flavor "large" (8 vCPUs, 16384 MiB, 80 GiB) instead of "m1.small" (2 vCPUs, 4096 MiB, 20 GiB)',
    });
  });

  test('that has the id and grew is told', () => {
    const grown = { ...same, name: 'm2.small', ram: 8192 };
    expect(chooseFlavor(saved, [grown], undefined, true)).toMatchObject({
      flavor: grown,
      instead: expect.stringContaining('which was "m1.small"'),
    });
  });

  test('is else the smallest that holds it; the disk counts where the root disk is its own', () => {
    expect(chooseFlavor(saved, [tiny, large, diskless, flat], undefined, true).flavor).toBe(large);
    expect(chooseFlavor(saved, [tiny, large, diskless, flat], undefined, false).flavor).toBe(flat);
  });

  test('that was asked for may be smaller, not its disk', () => {
    expect(chooseFlavor(saved, [same, tiny], 'tiny', false)).toEqual({
      flavor: tiny,
      instead: 'flavor "tiny", which is smaller',
    });
    expect(() => chooseFlavor(saved, [same, tiny], 'tiny', true)).toThrow('has a root disk of 1 GiB');
    expect(() => chooseFlavor(saved, [same], 'nope', true)).toThrow('there is no flavor "nope"');
  });

  test('may not be there', () => {
    expect(() => chooseFlavor(saved, [tiny], undefined, false)).toThrow('no flavor holds the server');
  });
});

describe('the mapping', () => {
  test('gives the new name by any of the old ones', () => {
    const mapping = parseMapping(['network: private = net-2', 'type:luks=luks-2', 'flavor: f1=f2']);
    expect(mapping.of('network', 'an-id', 'private')).toBe('net-2');
    expect(mapping.of('type', 'luks', null)).toBe('luks-2');
    expect(mapping.of('type', 'f1')).toBeUndefined();
    expect(mapping.of('flavor', 'f1')).toBe('f2');
    expect(() => mapping.refuseUnused()).not.toThrow();
  });

  test('refuses what nothing asked for', () => {
    const mapping = parseMapping(['network: privat=net-2']);
    mapping.of('network', 'private');
    expect(() => mapping.refuseUnused()).toThrow('network "privat"');
  });

  test.each([
    ['nothing', 'network'],
    ['an unknown kind', 'volume: a=b'],
    ['no old name', 'network: =b'],
    ['no new name', 'network: a='],
    ['a name with an equals sign', 'network: a=b=c'],
    ['another case', 'Network: a=b'],
  ])('refuses %s', (_, line) => {
    expect(() => parseMapping([line])).toThrow('`map` cannot be read');
  });

  test('refuses two new names for one, and lists all that is wrong', () => {
    expect(() => parseMapping(['network: a=b', 'network: a=c', 'x'])).toThrow(/a second time.*"x"/);
  });
});
