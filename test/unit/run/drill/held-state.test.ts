import { expect, test } from '@jest/globals';
import { parseHeld } from '../../../../src/run/drill/held-state.ts';

const state = { project: 'p', called: 'volume "db"', tags: ['t'] };

test('what a step kept is read as it was written', () =>
  expect(parseHeld(JSON.stringify(state))).toEqual(state));

test.each([
  '',
  '{',
  'null',
  '7',
  '[]',
  '{}',
  JSON.stringify({ ...state, project: 1 }),
  JSON.stringify({ ...state, called: null }),
  JSON.stringify({ ...state, tags: 't' }),
  JSON.stringify({ ...state, tags: [1] }),
  JSON.stringify({ ...state, held: 'yes' }),
])('%s is nothing that a step of ours keeps', (text) => expect(parseHeld(text)).toBeUndefined());
