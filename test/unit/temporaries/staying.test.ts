import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Later, laterOf, laterOfVolume, tellOfStaying } from '../../../src/temporaries/staying.ts';
import type { Purpose } from '../../../src/temporaries/tags.ts';
import { temporariesOf } from '../../../src/temporaries/things.ts';
import { record, snapshot, volume } from '../../support/records.ts';

const none = { images: [], secrets: [], servers: [], snapshots: [], volumes: [] };

function recorded(purpose: Purpose, status: string, bound = true) {
  const id = randomUUID();
  const description = record({ purpose, ...(bound ? { id } : {}) });
  return volume({ id, status, description });
}

describe('what stays is told with what later runs do', () => {
  test.each<[string, Parameters<typeof recorded>, Later]>([
    ['the volume of a restore that came to nothing', ['result', 'error'], 'remove'],
    ['the volume of a restore that the cloud is still at work on', ['result', 'creating'], 'look'],
    ['the volume of a restore that looks whole, and is not as wanted', ['result', 'available'], 'tell'],
    ['the volume of a restore that is attached', ['result', 'in-use'], 'tell'],
    ['a copy made to get at data', ['scratch', 'available'], 'remove'],
    ['a copy made to get at data, at work', ['scratch', 'creating'], 'remove'],
    ['a copy whose record does not name it', ['scratch', 'available', false], 'tell'],
  ])('%s', (_, fields, later) => {
    expect(laterOfVolume(recorded(...fields))).toBe(later);
  });

  test('a volume without a record', () => {
    expect(laterOfVolume(volume({ description: 'mine' }))).toBe('nothing');
  });

  test('a snapshot, by the same rules', () => {
    const id = randomUUID();
    const description = record({ purpose: 'scratch', id });
    const [thing] = temporariesOf({
      ...none,
      snapshots: [snapshot({ id, status: 'available', description })],
    });
    expect(thing && laterOf(thing)).toBe('remove');
  });

  test.each<[Later, RegExp, RegExp]>([
    ['remove', /^volume v cannot be removed now; a later run removes it: no$/, /yourself/],
    [
      'look',
      /if it never became complete, and otherwise only reports it: check that it is gone: no$/,
      /yourself/,
    ],
    [
      'tell',
      /later runs only report it, .* do not use it, but remove it yourself: no$/,
      /later run removes it/,
    ],
    ['nothing', /no later run will know of it: remove it yourself: no$/, /later run removes it/],
  ])('in its own words: %s', (later, said, unsaid) => {
    const lines: string[] = [];
    const log = { debug() {}, info() {}, warn: (line: string) => void lines.push(line) };
    tellOfStaying(log, 'volume v', 'no', later);
    expect(lines).toEqual([expect.stringMatching(said)]);
    expect(lines.join()).not.toMatch(unsaid);
  });
});
