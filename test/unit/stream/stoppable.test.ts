import { expect, test } from '@jest/globals';
import { stoppable } from '../../../src/stream/stoppable.ts';

test('what flows stops at the signal, with its reason', async () => {
  const stop = new AbortController();
  const came: number[] = [];
  const read = async () => {
    for await (const piece of stoppable([1, 2, 3], stop.signal)) {
      came.push(piece);
      if (piece === 2) stop.abort(new Error('stopped'));
    }
  };
  await expect(read()).rejects.toThrow('stopped');
  expect(came).toEqual([1, 2]);
});

test('without a signal everything flows', async () => {
  const came: number[] = [];
  for await (const piece of stoppable([1, 2, 3], undefined)) came.push(piece);
  expect(came).toEqual([1, 2, 3]);
});
