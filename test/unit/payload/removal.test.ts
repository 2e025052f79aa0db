import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { partOf } from '../../../src/payload/blocks/names.ts';
import { removalOf } from '../../../src/payload/removal.ts';

const POINT = '11111111-1111-4111-8111-111111111111';
const MAP = `volume-v1/maps/20261120T000000Z-${POINT}`;
const COPY = `volume-v1/pruned/${POINT}-0`;
const KEY = `secret-${POINT}.key.age`;

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "it's a store-"));
});
afterEach(() => rmSync(place, { recursive: true }));

test('a map in a directory leaves a copy that counts from now on, also at a second try', () => {
  const put = () => {
    mkdirSync(dirname(join(place, MAP)), { recursive: true });
    writeFileSync(join(place, MAP), 'the map');
    utimesSync(join(place, MAP), 1, 1);
  };
  for (const _time of ['once', 'again']) {
    put();
    expect(spawnSync('bash', ['-c', removalOf(place, MAP)]).status).toBe(0);
    expect(readdirSync(join(place, 'volume-v1/maps'))).toEqual([]);
    expect(readFileSync(join(place, COPY), 'utf8')).toBe('the map');
    expect(Date.now() - statSync(join(place, COPY)).mtimeMs).toBeLessThan(60_000);
  }
  expect(statSync(join(place, dirname(COPY))).mode & 0o777).toBe(0o700);
  expect(partOf(COPY)).toEqual({ folder: 'volume-v1', part: 'pruned' });
});

test('a key just goes', () => {
  writeFileSync(join(place, KEY), 'x');
  expect(spawnSync('bash', ['-c', removalOf(place, KEY)]).status).toBe(0);
  expect(readdirSync(place)).toEqual([]);
});

test.each([
  ['s3://b/p', KEY, undefined, `aws s3 rm s3://b/p/${KEY}`],
  ['s3://b/p', MAP, undefined, `aws s3 mv s3://b/p/${MAP} s3://b/p/${COPY}`],
  [
    's3://b',
    MAP,
    'https://s3.example.com',
    `aws --endpoint-url https://s3.example.com s3 mv s3://b/${MAP} s3://b/${COPY}`,
  ],
  ['swift://c/p', KEY, undefined, `openstack object delete c p/${KEY}`],
  [
    'swift://c/p',
    MAP,
    undefined,
    `openstack object save --file ${POINT}-0 c p/${MAP} && openstack object create --name p/${COPY} c ${POINT}-0 && openstack object delete c p/${MAP}`,
  ],
])('in %s it is for %s', (name, payload, endpoint, command) => {
  expect(removalOf(name, payload, endpoint)).toBe(command);
});
