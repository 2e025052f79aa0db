import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { copyTo, piecesOf } from '../../../../src/drill/by-hand/copies.ts';
import type { Payload } from '../../../../src/manifest/schema.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { writeBlocks } from '../../../support/blocks-store.ts';
import { memoryPlace } from '../../../support/memory-place.ts';

const disk = Buffer.concat([randomBytes(3 * BLOCK), Buffer.alloc(40 * BLOCK), randomBytes(100)]);
const { signal } = new AbortController();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'copies-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function stored() {
  const place = memoryPlace();
  const written = await writeBlocks(place, disk, undefined, { most: 2 });
  // Another disk, which is no business of ours.
  await writeBlocks(place, randomBytes(BLOCK), undefined);
  return { place, written, payload: written.payload as unknown as Payload };
}

test('what a restore point needs is copied, and docs/read-store.py reads the disk from it', async () => {
  const { place, written, payload } = await stored();
  const pieces = await piecesOf(place, [payload]);
  expect(pieces.disk).toBe(4 * BLOCK);
  await copyTo(directory, place, pieces, signal);
  const names = [payload.name, ...written.objects.map(({ name }) => name)];
  expect(pieces.files.map(({ name }) => name).sort()).toEqual(names.toSorted());
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(files.filter((file) => file.isFile())).toHaveLength(names.length);
  const reader = join(import.meta.dirname, '../../../../docs/read-store.py');
  const read = execFileSync('python3', [reader, directory, payload.name], { maxBuffer: 1 << 24 });
  expect(read.equals(disk)).toBe(true);
});

test('a store that gives more than it said does not fill the disk', async () => {
  const { place, payload } = await stored();
  const pieces = await piecesOf(place, [payload]);
  const get = async () => ({
    size: 1,
    bytes: (async function* () {
      for (;;) yield randomBytes(BLOCK);
    })(),
  });
  await expect(copyTo(directory, { ...place, get }, pieces, signal)).rejects.toThrow('it has more than');
});

test('what is not there is told by its name', async () => {
  const { place, written, payload } = await stored();
  const pieces = await piecesOf(place, [payload]);
  const [lost] = written.objects;
  place.held.delete(lost?.name ?? '');
  await expect(copyTo(directory, place, pieces, signal)).rejects.toThrow(lost?.name);
});
