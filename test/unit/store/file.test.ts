import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperationError } from '../../../src/errors.ts';
import { exists, writeNew, writeWhole } from '../../../src/store/file.ts';
import { once } from '../../../src/stream/chunks.ts';
import { piecesAt } from '../../support/pieces.ts';

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

test.each([0, 1, 65_536, 300_000, 1_000_000])(
  'a sparse file of %d bytes has the same bytes',
  async (size) => {
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; at += 200_000) bytes[at] = 1 + at / 200_000;
    for (const whole of [bytes, Buffer.alloc(size)]) {
      await writeNew(
        path,
        piecesAt(
          whole,
          [1, 70_000, 70_001].filter((cut) => cut < size),
        ),
        'it',
        'to',
        true,
      );
      expect(readFileSync(path).equals(whole)).toBe(true);
      rmSync(path);
    }
  },
);

test('zeros of a sparse file take no room', async () => {
  const bytes = Buffer.alloc(10_000_000);
  bytes.writeUInt8(1, 5_000_000);
  await writeNew(path, once(bytes), 'it', 'to', true);
  expect(statSync(path)).toMatchObject({ size: bytes.length });
  expect(statSync(path).blocks * 512).toBeLessThan(200_000);
});

describe('a file that appears only once it is whole', () => {
  const whole = (bytes: AsyncIterable<Uint8Array>) => writeWhole(path, bytes, 'the file', 'output', false);

  test('has another name before, which is gone then', async () => {
    const seen: string[][] = [];
    const bytes = async function* () {
      yield Buffer.from('x');
      seen.push(readdirSync(directory));
      yield Buffer.from('y');
    };
    await whole(bytes());
    expect(seen).toEqual([['new.partial']]);
    expect(readdirSync(directory)).toEqual(['new']);
    expect(readFileSync(path, 'utf8')).toBe('xy');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('overwrites nothing that came meanwhile', async () => {
    const bytes = async function* () {
      writeFileSync(path, 'theirs');
      yield Buffer.from('x');
    };
    const writing = whole(bytes());
    await expect(writing).rejects.toThrow(OperationError);
    await expect(writing).rejects.toThrow('cannot write the file: ');
    expect(readFileSync(path, 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['new']);
  });

  test('takes a link to nothing for something', async () => {
    symlinkSync(join(directory, 'nowhere'), path);
    expect(await exists(path)).toBe(true);
    await expect(whole(once(Buffer.from('x')))).rejects.toThrow(OperationError);
    expect(readdirSync(directory)).toEqual(['new']);
  });

  test('touches no half-written file of another run', async () => {
    writeFileSync(`${path}.partial`, 'theirs');
    await expect(whole(once(Buffer.from('x')))).rejects.toThrow(OperationError);
    expect(readFileSync(`${path}.partial`, 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['new.partial']);
  });

  test('leaves nothing of a source that fails', async () => {
    const broken = async function* () {
      yield Buffer.from('x');
      throw new Error('the cloud hung up');
    };
    await expect(whole(broken())).rejects.toThrow('the cloud hung up');
    expect(readdirSync(directory)).toEqual([]);
  });
});
