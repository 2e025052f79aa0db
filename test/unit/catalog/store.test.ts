import { expect, test } from '@jest/globals';
import { findStored } from '../../../src/catalog/store.ts';
import { InputError } from '../../../src/errors.ts';
import { JOURNAL_FILE } from '../../../src/manifest/journal.ts';
import type { Place } from '../../../src/store/place.ts';
import { memoryPlace } from '../../support/memory-place.ts';

const RUN = '20261126T010203Z-0123abcd';

test('a manifest that the store has and does not list is not looked for without end', async () => {
  let lists = 0;
  const place: Place = {
    ...memoryPlace(),
    async *list(prefix = '') {
      lists += 1;
      if (lists > 10) throw new Error('it went on');
      yield { name: `${prefix}${JOURNAL_FILE}.0.0`, size: 1, modified: 0 };
    },
    head: async (name) => (name.endsWith('/manifest.json') ? { name, size: 1, modified: 0 } : undefined),
  };
  await expect(findStored(place, RUN)).rejects.toThrow(InputError);
  expect(lists).toBe(2);
});
