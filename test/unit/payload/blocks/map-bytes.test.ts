import { expect, it } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { Proving, provedBytes } from '../../../../src/payload/blocks/map-bytes.ts';
import { allOf, once } from '../../../../src/stream/chunks.ts';
import { memoryPlace } from '../../../support/memory-place.ts';

const PIECE = 8;
const NAME = 'maps/a';
const MAP = Buffer.from('a map of a disk: 3 pieces');

/** As the first reading proved it. */
async function proofOf(bytes: Buffer) {
  const proving = new Proving(PIECE);
  await allOf(proving.through(once(bytes)));
  return proving.proof();
}

it.each([0, 7, 8, 15, 16, 24])('no piece of a map is given out whose byte %i changed since', async (at) => {
  const proof = await proofOf(MAP);
  const place = memoryPlace();
  const other = Buffer.from(MAP);
  other.writeUInt8(other.readUInt8(at) ^ 1, at);
  await place.put(NAME, once(other));

  const given: Buffer[] = [];
  const reading = (async () => {
    for await (const bytes of provedBytes(place, NAME, proof, PIECE)) given.push(Buffer.from(bytes));
  })();
  await expect(reading).rejects.toBeInstanceOf(OperationError);
  await expect(reading).rejects.toThrow(`map ${NAME} changed while it was read`);
  const before = at - (at % PIECE);
  expect(Buffer.concat(given).toString()).toBe(MAP.toString('utf8', 0, before));
});

it('a map is given out again as it was proved', async () => {
  const proof = await proofOf(MAP);
  const place = memoryPlace();
  await place.put(NAME, once(MAP));
  expect((await allOf(provedBytes(place, NAME, proof, PIECE))).equals(MAP)).toBe(true);
  expect(proof).toMatchObject({ size: MAP.length, held: undefined });
});
