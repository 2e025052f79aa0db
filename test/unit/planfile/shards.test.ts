import { describe, expect, test } from '@jest/globals';
import type { Duty } from '../../../src/planfile/due.ts';
import type { PlanEntry } from '../../../src/planfile/plan-file.ts';
import type { Resource } from '../../../src/planfile/resource.ts';
import { onlyDuties, shardsOf } from '../../../src/planfile/shards.ts';

const GIB = 2 ** 30;

const resource = (kind: Resource['kind'], id: string, size: number, volumes: string[] = []): Resource => ({
  kind,
  id,
  name: id,
  metadata: {},
  bytes: size * GIB,
  encrypted: false,
  keyId: undefined,
  volumes,
});
const due = (of: Resource, more: Partial<Duty> = {}): Duty => ({
  resource: of,
  entry: { name: 'all' } as PlanEntry,
  due: true,
  newest: undefined,
  reason: 'never saved',
  within: undefined,
  ...more,
});
const volumes = (...sizes: number[]) =>
  sizes.map((size, index) => due(resource('volume', `v${index}`, size)));

describe('what is due, in parts', () => {
  test.each<[string, readonly Duty[], number, [number, string][]]>([
    ['none where nothing is', [], 5, []],
    [
      'no more than there are resources',
      volumes(1, 2),
      5,
      [
        [2, 'volume:v1'],
        [1, 'volume:v0'],
      ],
    ],
    [
      'of about the same size',
      volumes(10, 1, 1, 1, 1, 1, 1),
      2,
      [
        [10, 'volume:v0'],
        [6, 'volume:v1 volume:v2 volume:v3 volume:v4 volume:v5 volume:v6'],
      ],
    ],
    [
      'without what is not due',
      [...volumes(1), due(resource('volume', 'x', 9), { due: false })],
      2,
      [[1, 'volume:v0']],
    ],
    ['each once, whoever asks for it', [...volumes(1), ...volumes(1)], 2, [[1, 'volume:v0']]],
  ])('%s', (_, duties, most, parts) => {
    expect(
      shardsOf(duties, most).map(({ gigabytes, only }) => [gigabytes, only.replaceAll('\n', ' ')]),
    ).toEqual(parts);
  });

  test('a server and its volumes stay together, and what goes with it is not named', () => {
    const server = resource('server', 's', 3, ['v0', 'v1']);
    const [v0, v1, v2] = [1, 2, 1].map((size, index) => resource('volume', `v${index}`, size));
    const duties = [
      due(v0 as Resource, { within: server }),
      due(v1 as Resource),
      due(v2 as Resource),
      due(server),
    ];
    expect(shardsOf(duties, 9).map(({ only }) => only)).toEqual(['server:s\nvolume:v1', 'volume:v2']);
  });

  test('5,000 volumes in at most 256 parts, of which none is twice as large as another', () => {
    const many = volumes(...Array.from({ length: 5_000 }, (_, index) => 1 + (index % 97)));
    const parts = shardsOf(many, 1_000);
    expect(parts).toHaveLength(256);
    const sizes = parts.map(({ gigabytes }) => gigabytes);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.2);
    expect(parts.flatMap(({ only }) => only.split('\n'))).toHaveLength(5_000);
    expect(parts[0]?.name).toBe('1 of 256');
  });
});

describe('only some', () => {
  const all = [...volumes(1, 2), due(resource('server', 's', 3))];

  test.each<[readonly string[], string[]]>([
    [[], ['v0', 'v1', 's']],
    [
      ['volume:v1', 'server:s'],
      ['v1', 's'],
    ],
  ])('%j', (only, ids) => {
    expect(onlyDuties(all, only).map((duty) => duty.resource.id)).toEqual(ids);
  });

  test('every part of a matrix, together, is all', () => {
    const only = shardsOf(all, 2).flatMap((part) => part.only.split('\n'));
    expect(onlyDuties(all, only)).toEqual(all);
  });

  test.each([
    [['v1'], 'which is not a resource'],
    [['disk:v1'], 'which is not a resource'],
    [['volume:v9'], 'has volume v9, which no entry of the plan asks for'],
    [['server:v1'], 'has server v1, which no entry of the plan asks for'],
  ])('%j is refused', (only, said) => {
    expect(() => onlyDuties(all, only)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(said), exitCode: 2 }),
    );
  });
});
