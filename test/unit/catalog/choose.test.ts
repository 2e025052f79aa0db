import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { choosePoint, everyPoint } from '../../../src/catalog/choose.ts';
import { InputError } from '../../../src/errors.ts';
import { pointWithId } from '../../../src/manifest/points.ts';
import { backupPoint, imagePoint, manifestWith, secretPoint } from '../../support/points.ts';

const [db, web] = [backupPoint({ name: 'db' }), backupPoint({ name: 'web' })];
const [image, key] = [imagePoint({ name: 'db' }), secretPoint()];
const manifest = manifestWith(image, db, web, key);

describe('the restore point that is meant', () => {
  test('is the only one of its kind, where none is named', () => {
    expect(choosePoint(manifest, 'image', undefined)).toBe(image);
    expect(choosePoint(manifestWith(web, key), 'volume', undefined)).toBe(web);
  });

  test('is never guessed among several', () => {
    const choosing = () => choosePoint(manifest, 'volume', undefined);
    expect(choosing).toThrow('the manifest has 2 restore points');
    expect(choosing).toThrow(InputError);
  });

  test.each(['id', 'name', 'point'] as const)('is found by its %s, among its kind', (by) => {
    for (const point of [db, web]) {
      const { id, name } = point.resource;
      expect(choosePoint(manifest, 'volume', { id, name, point: point.id }[by])).toBe(point);
    }
  });

  test('is the newest of a volume that has two, as where a run took up what another had saved', () => {
    const taken = (day: number) => {
      const point = backupPoint({ name: 'db', id: db.resource.id });
      return { ...point, backup: { ...point.backup, dataTimestamp: `2026-11-0${day}T00:00:00.000Z` } };
    };
    const [older, newer] = [taken(1), taken(2)];
    for (const both of [manifestWith(older, newer), manifestWith(newer, older)]) {
      for (const wanted of ['db', db.resource.id, undefined])
        expect(choosePoint(both, 'volume', wanted)).toBe(newer);
      expect(choosePoint(both, 'volume', older.id)).toBe(older);
    }
  });

  test('is refused where there is none, or where a name has several', () => {
    for (const [wanted, among] of [
      [randomUUID(), manifest],
      [image.id, manifest],
      ['db', manifestWith(db, backupPoint({ name: 'db' }))],
    ] as const)
      expect(() => choosePoint(among, 'volume', wanted)).toThrow(InputError);
    expect(() => choosePoint(manifest, 'volume', 'nope')).toThrow(
      'there is no volume called "nope" in the manifest',
    );
    expect(() => choosePoint(manifest, 'volume', 'nope')).toThrow(
      expect.objectContaining({
        hint: `It has: "db" (${db.resource.id}), "web" (${web.resource.id}).`,
      }),
    );
    expect(() => everyPoint(manifestWith(key), 'volume')).toThrow('no restore point of any volume');
  });
});

test('a reference finds what it names, and nothing else', () => {
  expect(pointWithId(manifest, 'volume', web.id)).toBe(web);
  for (const id of [randomUUID(), image.id, web.resource.id])
    expect(() => pointWithId(manifest, 'volume', id)).toThrow(`the manifest has no volume ${id}`);
});
