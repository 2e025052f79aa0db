import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OperationError } from '../../../src/errors.ts';
import { writeNew } from '../../../src/store/file.ts';
import { once } from '../../../src/stream/chunks.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-'));
  path = join(directory, 'new');
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (bytes: AsyncIterable<Uint8Array>) => writeNew(path, bytes, 'the file', 'output');

test('a new file has the bytes, and only its owner can read it', async () => {
  await write(once(Buffer.from('x')));
  expect(readFileSync(path, 'utf8')).toBe('x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that is there stays as it was', async () => {
  writeFileSync(path, 'before');
  const writing = write(once(Buffer.from('x')));
  await expect(writing).rejects.toThrow(OperationError);
  await expect(writing).rejects.toMatchObject({
    message: expect.stringContaining('cannot write the file: '),
    hint: 'Choose another place with `output`.',
  });
  expect(readFileSync(path, 'utf8')).toBe('before');
});

test('of a source that fails no file stays, and its error is thrown on', async () => {
  const why = new Error('the cloud hung up');
  const broken = async function* () {
    yield Buffer.from('x');
    throw why;
  };
  await expect(write(broken())).rejects.toBe(why);
  expect(readdirSync(directory)).toEqual([]);
});
