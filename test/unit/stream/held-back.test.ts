import { describe, expect, test } from '@jest/globals';
import { heldBack } from '../../../src/stream/held-back.ts';

async function* source(pieces: readonly string[], error?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
  if (error !== undefined) throw error;
}

async function taken(pieces: AsyncIterable<Uint8Array>) {
  const seen: string[] = [];
  try {
    for await (const piece of pieces) seen.push(Buffer.from(piece).toString());
    return { seen, error: undefined };
  } catch (error) {
    return { seen, error };
  }
}

describe('pieces held back', () => {
  test.each([[[]], [['a']], [['a', 'b', 'c']], [['a', '', 'b', '']]])(
    '%j come as they are',
    async (pieces) => {
      const { seen, error } = await taken(heldBack(source(pieces)));
      expect([seen, error]).toEqual([pieces.filter((piece) => piece !== ''), undefined]);
    },
  );

  test.each([[['a']], [['a', 'b']], [['a', 'b', '']]])(
    'of %j, the last is not given if the source fails',
    async (pieces) => {
      const failure = new Error('damaged');
      const { seen, error } = await taken(heldBack(source(pieces, failure)));
      expect(error).toBe(failure);
      expect(seen).toEqual(pieces.filter((piece) => piece !== '').slice(0, -1));
    },
  );
});
