import { expect, test } from '@jest/globals';
import { lookAgain } from '../../../../src/payload/blocks/store-look.ts';
import { mapBytes } from '../../../support/blocks-records.ts';
import { memoryPlace } from '../../../support/memory-place.ts';

const POINT = '11111111-1111-4111-8111-111111111111';
const folder = 'volume-v1';
const map = `${folder}/maps/20261120T000000Z-${POINT}`;
const checkpoint = `${folder}/open/${POINT}-0`;
const object = `${folder}/data/${POINT}-0`;

test('another look misses no run that ends while it is listed, however few names there are', async () => {
  const memory = memoryPlace();
  const resource = { kind: 'volume', id: 'v1' } as const;
  const bytes = await mapBytes({
    resource,
    point: POINT,
    taken: '2026-11-20T00:00:00.000Z',
    names: [object],
  });
  memory.held.set(checkpoint, Buffer.from('of a run under way'));
  const place = {
    ...memory,
    // As a service lists: page by page, in the order of the names. The run ends behind each page.
    async *list(prefix = '') {
      for (const part of ['data', 'ids', 'maps', 'open', 'pruned']) {
        const [begin, whole] = [`${folder}/${part}/`, prefix === `${folder}/`];
        if (!whole && prefix !== begin) continue;
        for (const name of [...memory.held.keys()])
          if (name.startsWith(begin)) yield { name, size: 1, modified: 1 };
        memory.held.set(map, Buffer.from(bytes));
        memory.held.delete(checkpoint);
      }
    },
  };
  const look = {
    folder,
    cleaning: {
      held: undefined,
      objects: [{ name: object, size: 1, modified: 0 }],
      checkpoints: [],
      expired: [],
    },
  };
  const again = await lookAgain(
    place,
    { ...look, maps: [], spans: new Map(), known: new Map(), lacking: new Map(), tainted: new Map() },
    { stored: new Map(), needed: new Set() },
    new AbortController().signal,
  );
  expect(again.maps.map(({ listed, names }) => [listed.name, [...(names ?? [])]])).toEqual([[map, [object]]]);
});
