import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { silentLog } from '../../../src/ports/log.ts';
import { type Bucket, objectPlace } from '../../../src/store/objects.ts';
import { allOf } from '../../../src/stream/chunks.ts';
import { FakeClock } from '../../support/clock.ts';

const BYTES = Buffer.from('twelve bytes');

/** A bucket with one object, of which an answer brings only as many bytes, and ends as if that were all. */
function placeThatGives(count: number, extra = '') {
  const asked: unknown[] = [];
  const bucket: Pick<Bucket, 'name' | 'open'> = {
    name: 's3://backups',
    async open(_, range) {
      asked.push(range);
      const rest = BYTES.subarray(range?.start ?? 0, range?.end);
      const body = Readable.from([Buffer.from(rest.subarray(0, count)), Buffer.from(extra)]);
      return { size: rest.length, body };
    },
  };
  const options = { clock: new FakeClock(), log: silentLog, signal: () => undefined };
  return { asked, place: objectPlace(bucket as Bucket, options) };
}

test('an answer that ends early, as a proxy may make it, is not all: the rest is asked for', async () => {
  const { place, asked } = placeThatGives(5);
  expect((await allOf((await place.get('p')).bytes)).equals(BYTES)).toBe(true);
  expect(asked).toEqual([undefined, { start: 5, end: 12 }, { start: 10, end: 12 }]);
});

test('an answer that brings more than it says is no answer', async () => {
  const { place } = placeThatGives(12, 'and more');
  await expect(allOf((await place.get('p')).bytes)).rejects.toThrow(
    'p in s3://backups is longer than the store says',
  );
});

test('a list of more names than a store has does not go on for ever', async () => {
  let turn = 0;
  const bucket: Pick<Bucket, 'name' | 'page'> = {
    name: 's3://backups',
    page: async () => {
      turn += 1;
      if (turn > 100) throw new Error('it went on');
      // Names that are none of ours count, too.
      return { items: [{ name: `A${1000 + turn}`, size: 1, modified: 0 }], next: `page ${turn}` };
    },
  };
  const options = { clock: new FakeClock(), log: silentLog, signal: () => undefined };
  const place = objectPlace(bucket as Bucket, options, 50);
  const all = async () => {
    for await (const one of place.list()) throw new Error(`there is ${one.name}`);
  };
  await expect(all()).rejects.toThrow('s3://backups lists more than 50 names');
  expect(turn).toBe(51);
});

test.each([
  ['gives the same page again', () => 'same'],
  ['has only empty pages', (turn: number) => `page ${turn}`],
])('a list that %s does not go on for ever', async (_, next) => {
  let turn = 0;
  const bucket: Pick<Bucket, 'name' | 'page'> = {
    name: 's3://backups',
    page: async () => {
      turn += 1;
      return { items: [], next: next(turn) };
    },
  };
  const place = objectPlace(bucket as Bucket, {
    clock: new FakeClock(),
    log: silentLog,
    signal: () => undefined,
  });
  const all = async () => {
    for await (const one of place.list()) throw new Error(`there is ${one.name}`);
  };
  await expect(all()).rejects.toThrow('objects in s3://backups');
});
