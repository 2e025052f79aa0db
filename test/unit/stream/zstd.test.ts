import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, jest, test } from '@jest/globals';
import { OperationError } from '../../../src/errors.ts';
import { unpacked } from '../../../src/payload/unpack.ts';
import { allOf, once } from '../../../src/stream/chunks.ts';
import { decompressed, frameOf } from '../../../src/stream/zstd.ts';
import { Frame } from '../../../src/stream/zstd-frame.ts';
import { testWith } from '../../support/installed.ts';
import { pairs, piecesAt, randomly } from '../../support/pieces.ts';
import { seeded } from '../../support/random.ts';

jest.setTimeout(120_000);

const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;

interface Sample {
  readonly what: string;
  readonly plain: Buffer;
  readonly frame: Buffer;
}

function frame(plain: Buffer, checksum: number, contentSize: number): Buffer {
  return zstdCompressSync(plain, {
    params: {
      [constants.ZSTD_c_checksumFlag]: checksum,
      [constants.ZSTD_c_contentSizeFlag]: contentSize,
    },
  });
}

/** zstd makes no first block such, and opens it. */
function asRle(frame: Buffer, plain: Buffer, header: number, checksumBytes: number): Buffer {
  const block = Buffer.alloc(4);
  block.writeUIntLE(1 | (RLE << 1) | (plain.length << 3), 0, 3);
  block.writeUInt8(plain.readUInt8(0), 3);
  return Buffer.concat([frame.subarray(0, header), block, frame.subarray(frame.length - checksumBytes)]);
}

function skippable(size: number, kind = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + kind);
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, Buffer.alloc(size, 0xfd)]);
}

/** One of each kind of block, with and without checksum and content size. Small, so that all splits can be tried. */
const SAMPLES: readonly Sample[] = (
  [
    ['empty', Buffer.alloc(0), RAW],
    ['raw', randomBytes(3), RAW],
    ['RLE', Buffer.alloc(5000), RLE],
    ['compressed', Buffer.alloc(40, 'ab'), COMPRESSED],
  ] as const
).flatMap(([what, plain, block]) =>
  [0, 1].flatMap((checksum) =>
    [0, 1].map((contentSize) => {
      const theirs = frame(plain, checksum, contentSize);
      const descriptor = theirs.readUInt8(4);
      const header = 6 + (contentSize === 1 && plain.length > 255 ? 1 : 0);
      const made = block === RLE ? asRle(theirs, plain, header, checksum * 4) : theirs;
      expect({
        checksum: (descriptor >> 2) & 1,
        contentSize: (descriptor & 0xe0) === 0 ? 0 : 1,
        block: (made.readUInt8(header) >> 1) & 3,
      }).toEqual({ checksum, contentSize, block });
      return { what: `${what}, checksum ${checksum}, content size ${contentSize}`, plain, frame: made };
    }),
  ),
);

/** Where the frames of a file end that comes in pieces, by their headers. */
function endsOf(file: Buffer, [first, second]: readonly [number, number]): number[] {
  const ends: number[] = [];
  let frame = new Frame(0);
  let from = 0;
  for (const to of [first, second, file.length]) {
    while (from < to) {
      if (frame.ended) frame = new Frame(from);
      from += frame.take(file.subarray(from, to));
      if (frame.ended) ends.push(from);
    }
  }
  return ends;
}

const opened = (pieces: AsyncIterable<Uint8Array>) => allOf(decompressed(pieces, 'payload x'));

describe('zstd frames', () => {
  test.each(SAMPLES)('$what: end where they do in whatever two or three pieces they come', ({ frame }) => {
    const file = Buffer.concat([frame, skippable(1), frame]);
    const ends = [frame.length, frame.length + 9, file.length];
    let tried = 0;
    const wrong: unknown[] = [];
    for (const cuts of pairs(file.length)) {
      tried += 1;
      if (String(endsOf(file, cuts)) !== String(ends)) wrong.push(cuts);
    }
    expect(tried).toBeGreaterThan(file.length);
    expect(wrong).toEqual([]);
  });

  // Node's decompressor is asked where frames end within what it is given: at each cut, and at two around each end.
  test.each(SAMPLES)('$what: open in whatever two pieces they come, or three', async ({ plain, frame }) => {
    const file = Buffer.concat([frame, skippable(1), frame]);
    const expected = Buffer.concat([plain, plain]);
    const ends = [frame.length, frame.length + 9, file.length];
    const near = (cut: number) => ends.some((end) => Math.abs(cut - end) <= 1);
    let tried = 0;
    const wrong: unknown[] = [];
    for (const cuts of pairs(file.length)) {
      if (cuts[0] !== cuts[1] && !cuts.every(near)) continue;
      tried += 1;
      if (!(await opened(piecesAt(file, cuts))).equals(expected)) wrong.push(cuts);
    }
    expect(tried).toBeGreaterThan(file.length);
    expect(wrong).toEqual([]);
  });

  test('open byte by byte, and all at once', async () => {
    const file = Buffer.concat(SAMPLES.flatMap(({ frame }, index) => [frame, skippable(index, index)]));
    const expected = Buffer.concat(SAMPLES.map(({ plain }) => plain));
    const each = Array.from({ length: file.length }, (_, index) => index);
    expect((await opened(piecesAt(file, each))).equals(expected)).toBe(true);
    expect((await opened(once(file))).equals(expected)).toBe(true);
  });

  test.each(SAMPLES)('$what: cut anywhere, they are damaged', async ({ frame }) => {
    const file = Buffer.concat([frame, skippable(3), frame]);
    const ends = new Set([frame.length, frame.length + 11, file.length]);
    for (let length = 0; length < file.length; length += 1) {
      const whole = ends.has(length);
      const error = await opened(once(file.subarray(0, length))).catch((thrown: unknown) => thrown);
      if (whole) expect(error).not.toBeInstanceOf(Error);
      else
        expect(error).toMatchObject({
          name: 'OperationError',
          message: expect.stringContaining('is damaged'),
        });
    }
  });

  test('without any are damaged, as before: an empty file is no zstd file', async () => {
    for (const none of [[], [Buffer.alloc(0)]])
      await expect(opened(piecesAt(Buffer.concat(none), []))).rejects.toThrow(
        'payload x is damaged: it is cut short after 0 bytes',
      );
  });

  test('with a wrong checksum, a changed block or garbage after them are damaged', async () => {
    for (const { frame } of SAMPLES.filter(({ what }) => what.includes('checksum 1')))
      for (let left = 1; left <= 4; left += 1) {
        const changed = Buffer.from(frame);
        const at = changed.length - left;
        changed[at] = (changed[at] ?? 0) ^ 1;
        await expect(opened(once(Buffer.concat([changed, frame])))).rejects.toThrow(/damaged: .*checksum/i);
      }
    for (const { frame } of SAMPLES)
      for (const garbage of [Buffer.of(0), Buffer.of(0x28), Buffer.from('garbage'), frame.subarray(0, -1)])
        for (const cut of [0, frame.length - 1, frame.length, frame.length + 1])
          await expect(opened(piecesAt(Buffer.concat([frame, garbage]), [cut]))).rejects.toThrow(
            'is damaged',
          );
  });

  test('that ask for much memory, or a dictionary, are told as such', async () => {
    // Made as RFC 8878 says: no single segment, so a window descriptor: 2^(10 + 17), and one eighth more.
    const window = (descriptor: number) =>
      Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, descriptor, 0x01 | (1 << 3), 0, 0, 0x41);
    expect((await opened(once(window(17 << 3)))).toString()).toBe('A');
    await expect(opened(once(window((17 << 3) | 1)))).rejects.toThrow(
      `payload x cannot be opened here: it needs ${(1 << 27) + (1 << 24)} bytes of memory to be opened`,
    );
    const single = Buffer.from('28b52ffde0ffffffffffffff00010000', 'hex');
    await expect(opened(once(single))).rejects.toThrow(/cannot be opened here: it needs \d+ bytes/);
    const dictionary = Buffer.from('28b52ffd210701010000', 'hex');
    await expect(opened(once(dictionary))).rejects.toThrow('it needs dictionary 7');
  });

  test('of random payloads open from random pieces', async () => {
    const seed = randomBytes(4).readUInt32LE();
    const random = seeded(seed);
    for (let round = 0; round < 200; round += 1) {
      const plains = Array.from({ length: 1 + random(4) }, () =>
        content(random, random(round % 100 === 0 ? 400_000 : 600)),
      );
      const parts = plains.flatMap((plain) => [
        frame(plain, random(2), random(2)),
        ...(random(4) === 0 ? [skippable(random(40), random(16))] : []),
      ]);
      const file = Buffer.concat(parts);
      const cuts = randomly(random, file.length, random(8));
      const got = await opened(piecesAt(file, cuts)).catch((error: unknown) => Buffer.from(String(error)));
      const wrong = got.equals(Buffer.concat(plains)) ? undefined : got.toString('latin1', 0, 200);
      expect({ seed, round, cuts, wrong }).toMatchObject({ wrong: undefined });
    }
  });

  test('of ours carry a checksum of their content, which `zstd -t` compares as well', async () => {
    const frame = Buffer.from(await frameOf(Buffer.from('plain')));
    // RFC 8878, 3.1.1.1.1: bit 2 of the descriptor after the magic number.
    expect((frame[4] ?? 0) & 4).toBe(4);
    const last = frame.length - 1;
    frame[last] = (frame[last] ?? 0) ^ 1;
    await expect(opened(once(frame))).rejects.toThrow('is damaged');
  });

  test('of ours open from pieces that end in the last bytes of each', async () => {
    const plain = [Buffer.alloc(4 << 20), randomBytes(4 << 20), randomBytes(1 << 20)];
    const frames = await Promise.all(plain.map((bytes) => frameOf(bytes)));
    const file = Buffer.concat(frames);
    const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length);
    for (let left = -6; left <= 6; left += 1) {
      const cuts = ends.slice(0, -1).map((end) => end - left);
      expect((await opened(piecesAt(file, cuts))).equals(Buffer.concat(plain))).toBe(true);
    }
  });
});

testWith('zstd')('files of the zstd program open, whatever its options', async () => {
  const plain = Buffer.concat([
    randomBytes(200_000),
    Buffer.alloc(700_000),
    Buffer.from('text '.repeat(40_000)),
  ]);
  for (const options of [
    [],
    ['--no-check'],
    ['-1', '--rsyncable'],
    ['-9', '--long=27'],
    ['-T2', '-B512KiB'],
  ]) {
    const file = execFileSync('zstd', ['-q', '-c', ...options], { input: plain, maxBuffer: 1 << 24 });
    const two = Buffer.concat([file, skippable(100, 15), file]);
    for (const size of [4093, 65_536, 1 << 20, two.length]) {
      const cuts = Array.from({ length: Math.floor(two.length / size) }, (_, index) => (index + 1) * size);
      expect((await opened(piecesAt(two, cuts))).equals(Buffer.concat([plain, plain]))).toBe(true);
    }
  }
});

test('a file that begins with a frame to skip is known as zstd, as pzstd writes it', async () => {
  const file = Buffer.concat([skippable(4), await frameOf(Buffer.from('plain'))]);
  const none = async () => Promise.reject(new OperationError('it is not sealed'));
  const { bytes, layers } = await unpacked(once(file), none, 'x');
  expect(layers).toEqual(['zstd']);
  expect((await allOf(bytes)).toString()).toBe('plain');
});

function content(random: (below: number) => number, size: number): Buffer {
  const bytes = Buffer.alloc(size, random(256));
  if (random(2) === 0) for (let at = random(size + 1); at < size; at += 1) bytes[at] = random(256);
  return bytes;
}
