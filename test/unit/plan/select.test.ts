import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { oneOf, parseSelectors, select } from '../../../src/plan/select.ts';
import { volume } from '../../support/records.ts';

const db1 = volume({ name: 'db-1', metadata: { backup: 'daily', team: 'a=b' } });
const db2 = volume({ name: 'db-2', metadata: { backup: 'weekly' } });
const web = volume({ name: 'web', size: 5 });
const twin = volume({ name: 'web', size: 7, status: 'in-use' });
const hostile = volume({ name: 'x\n::error::y `id`' });
const all = [db1, db2, web, twin, hostile];

function selected(...entries: string[]): string[] {
  return select('volume', parseSelectors('volume', entries), all).map(({ id }) => id);
}

describe('selecting volumes', () => {
  test.each([
    ['an id', [web.id], [web.id]],
    ['an id in capitals', [web.id.toUpperCase()], [web.id]],
    ['a name that is unique', ['db-1'], [db1.id]],
    ['a name pattern', ['name:db-*'], [db1.id, db2.id]],
    ['a pattern whose special characters are only characters', ['name:d?-1'], [db1.id]],
    ['metadata', ['metadata:backup=daily'], [db1.id]],
    ['metadata with any value', ['metadata:backup'], [db1.id, db2.id]],
    ['metadata whose value has an equals sign', ['metadata:team=a=b'], [db1.id]],
    ['a hostile name', ['x\n::error::y `id`'], [hostile.id]],
    ['everything', ['all'], all.map(({ id }) => id)],
    ['several selectors, each volume once', ['db-2', 'name:db-*'], [db2.id, db1.id]],
  ])('by %s', (_what, entries, expected) => {
    expect(selected(...entries)).toEqual(expected);
  });

  test('an ambiguous name lists the ids with what tells them apart', () => {
    expect(() => selected('web')).toThrow(
      `2 volumes are called "web": ${web.id} (5 GiB, available), ${twin.id} (7 GiB, in-use)`,
    );
  });

  test.each([
    ['an unknown name', 'nope', 'there is no volume called "nope"'],
    ['an unknown id', '5f2c0000-0000-4000-8000-000000000000', 'there is no volume with the id 5f2c'],
    ['a pattern that finds nothing', 'name:x*y', 'the selector "name:x*y" matches nothing'],
    ['metadata that finds nothing', 'metadata:backup=never', 'matches nothing'],
    ['no metadata key', 'metadata:=x', 'has no metadata key'],
    ['an empty pattern', 'name:', 'has no pattern'],
  ])('%s is refused', (_what, entry, message) => {
    expect(() => selected(entry)).toThrow(InputError);
    expect(() => selected(entry)).toThrow(message);
  });

  test('an empty list is refused', () => {
    expect(() => parseSelectors('volume', [])).toThrow('no volumes given');
  });

  test('a message holds a hostile name on one line', () => {
    const doubled = [hostile, { ...hostile, id: db1.id }];
    expect(() => oneOf('volume', hostile.name, doubled)).toThrow('"x\\n::error::y `id`"');
  });
});
