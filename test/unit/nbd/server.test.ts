import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Device } from '../../../src/nbd/device.ts';
import { type Serving, serveNbd } from '../../../src/nbd/server.ts';
import { contexts, goData, NbdClient, u32 } from '../../support/nbd-client.ts';
import { seeded } from '../../support/random.ts';

const HOLE = 1 << 20;
const SIZE = 5 * HOLE + 12_345;
/** A device whose second and fourth MiB are holes. */
const random = seeded(11);
const DISK = Buffer.alloc(SIZE);
for (let at = 0; at < SIZE; at += 4) DISK.writeUInt32BE(random(2 ** 32), Math.min(at, SIZE - 4));
for (const hole of [1, 3]) DISK.fill(0, hole * HOLE, (hole + 1) * HOLE);
/** Where reads fail. */
const BAD = 4 * HOLE + 77;

const device: Device = {
  size: SIZE,
  description: 'volume "db" of then',
  async readAt(offset, length) {
    if (length < 1 || offset + length > SIZE) throw new Error('a read from outside the disk');
    reads += 1;
    await slow;
    if (broken && offset <= BAD && offset + length > BAD) throw new Error('object x is damaged');
    return DISK.subarray(offset, offset + length);
  },
  extentAt(offset) {
    if (offset >= SIZE) throw new Error('an extent outside the disk');
    const at = Math.floor(offset / HOLE);
    return { hole: at === 1 || at === 3, end: Math.min(SIZE, (at + 1) * HOLE) };
  },
};

let broken: boolean;
let reads: number;
/** Reads wait for it. */
let slow: Promise<void> | undefined;
let directory: string;
let path: string;
let failures: unknown[];
let serving: Serving;

beforeEach(async () => {
  broken = false;
  reads = 0;
  slow = undefined;
  failures = [];
  directory = mkdtempSync(join(tmpdir(), 'nbd-'));
  path = join(directory, 's');
  serving = await serveNbd({ socket: path }, device, (error) => {
    failures.push(error);
    return 'why';
  });
});
afterEach(async () => {
  await serving.close();
  rmSync(directory, { recursive: true });
});

const client = () => new NbdClient({ path });
const bytesAt = (offset: number, length: number) => DISK.subarray(offset, offset + length);

/** A structured answer, or a part of one. */
async function piece(one: NbdClient) {
  const { cookie, done, type, data } = await one.chunk();
  const bytes = type === 2 ? Buffer.alloc(data.readUInt32BE(8)) : data.subarray(8);
  return { cookie, done, at: Number(data.readBigUInt64BE()), bytes };
}

/** A simple answer, whose place only the one who asked knows. */
async function whole(one: NbdClient, wanted: ReadonlyMap<number, readonly [number, number]>) {
  const { error, cookie } = await one.simple();
  expect(error).toBe(0);
  const [at, length] = wanted.get(cookie) ?? [0, 0];
  return { cookie, done: true, at, bytes: await one.take(length) };
}

/** Bytes that often begin as they should. */
function garbageOf(next: (below: number) => number, magic: Buffer): Buffer {
  const garbage = Buffer.from(Array.from({ length: 1 + next(300) }, () => next(256)));
  if (next(2) === 0) magic.copy(garbage);
  return garbage;
}

describe('where it is', () => {
  test('is a socket that only its owner can use, and that is gone in the end', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(serving.uri).toBe(`nbd+unix:///?socket=${path}`);
    await using held = client();
    await held.go();
    expect(serving.clients()).toBe(1);
    await serving.close();
    expect(await held.isClosed()).toBe(true);
    expect(existsSync(path)).toBe(false);
    serving = await serveNbd({ socket: path }, device, () => '');
  });

  test('is never where something is', async () => {
    const file = join(directory, 'f');
    writeFileSync(file, 'kept');
    for (const socket of [file, path])
      await expect(serveNbd({ socket }, device, () => '')).rejects.toThrow('there is something at');
    await expect(serveNbd({ socket: join(directory, 'no/s') }, device, () => '')).rejects.toThrow(
      'cannot make the socket',
    );
    expect(statSync(file).size).toBe(4);
  });

  test('stays if it is another server’s by then', async () => {
    rmSync(path);
    const other = await serveNbd({ socket: path }, device, () => '');
    await serving.close();
    try {
      await using one = client();
      expect(await one.go()).toBe(SIZE);
    } finally {
      await other.close();
    }
    expect(existsSync(path)).toBe(false);
  });

  test('is a port of this machine alone, where that is asked for', async () => {
    const other = await serveNbd({ port: 0 }, device, () => '');
    const port = Number(/^nbd:\/\/127\.0\.0\.1:(\d+)$/.exec(other.uri)?.[1]);
    await expect(serveNbd({ port }, device, () => '')).rejects.toThrow('cannot listen on');
    {
      await using one = new NbdClient({ host: '127.0.0.1', port });
      expect(await one.go()).toBe(SIZE);
      expect(await one.read(100, 7)).toEqual(bytesAt(100, 7));
      // Who listens everywhere listens there, too.
      await using none = new NbdClient({ host: '127.0.0.2', port });
      await expect(none.greet()).rejects.toThrow('the server ended');
    }
    await other.close();
  });
});

describe('what a client is told', () => {
  test('the size, read-only, many connections, and the sizes of blocks', async () => {
    await using one = client();
    await one.greet();
    const replies = await one.ask(6, goData('', [1, 2, 3, 99]));
    const infos = new Map(
      replies.filter(({ type }) => type === 3).map(({ data }) => [data.readUInt16BE(), data]),
    );
    expect(Number(infos.get(0)?.readBigUInt64BE(2))).toBe(SIZE);
    expect(infos.get(0)?.readUInt16BE(10)).toBe(1 | 2 | 256);
    expect(infos.get(1)?.length).toBe(2);
    expect(infos.get(2)?.toString('utf8', 2)).toBe(device.description);
    expect([2, 6, 10].map((at) => infos.get(3)?.readUInt32BE(at))).toEqual([1, 65_536, 4 << 20]);
    // `info` does not end the options, `go` does.
    const [entry, end] = await one.ask(3);
    expect(entry?.data).toEqual(Buffer.concat([u32(0), Buffer.from(device.description)]));
    expect(end?.type).toBe(1);
    expect((await one.ask(7, goData(''))).at(-1)?.type).toBe(1);
    expect(await one.read(0, 10)).toEqual(bytesAt(0, 10));
  });

  test.each([
    ['without', 3, 0],
    ['with', 1, 124],
  ])('an old one %s zeroes', async (_, flags, zeroes) => {
    await using one = client();
    await one.greet(flags);
    one.option(1);
    const answer = await one.take(10 + zeroes);
    expect(Number(answer.readBigUInt64BE())).toBe(SIZE);
    expect(answer.subarray(10)).toEqual(Buffer.alloc(zeroes));
    expect(await one.read(5, 5)).toEqual(bytesAt(5, 5));
  });

  test('that there is nothing else', async () => {
    await using one = client();
    await one.greet();
    const types = async (option: number, data?: Buffer) =>
      (await one.ask(option, data)).map(({ type }) => type);
    const [unsupported, invalid, unknown, tooBig] = [1, 3, 6, 9].map((code) => 2 ** 31 + code);
    expect(await types(7, goData('other'))).toEqual([unknown]);
    expect(await types(5)).toEqual([unsupported]);
    expect(await types(11)).toEqual([unsupported]);
    expect(await types(4_000_000_000)).toEqual([unsupported]);
    expect(await types(3, Buffer.from('x'))).toEqual([invalid]);
    expect(await types(8, Buffer.from('x'))).toEqual([invalid]);
    expect(await types(6, Buffer.from('x'))).toEqual([invalid]);
    expect(await types(6, Buffer.concat([u32(4_000_000_000), Buffer.alloc(6)]))).toEqual([invalid]);
    expect(await types(6, goData('').subarray(0, -1))).toEqual([invalid]);
    expect(await types(6, Buffer.concat([goData(''), Buffer.alloc(2)]))).toEqual([invalid]);
    expect(await types(6, Buffer.alloc(1 << 20))).toEqual([tooBig]);
    // Not before structured replies.
    expect(await types(10, contexts('', ['base:allocation']))).toEqual([invalid]);
    expect(await types(8)).toEqual([1]);
    expect(await types(10, contexts('other', ['base:allocation']))).toEqual([unknown]);
    expect(await types(10, contexts('', []))).toEqual([1]);
    expect(await types(10, contexts('', ['qemu:x']))).toEqual([1]);
    expect(await types(10, Buffer.concat([u32(0), u32(4_000_000_000), u32(0)]))).toEqual([invalid]);
    expect(await types(9, contexts('', []))).toEqual([4, 1]);
    expect(await types(9, contexts('', ['base:']))).toEqual([4, 1]);
    expect(await types(9, contexts('', ['qemu:']))).toEqual([1]);
    expect(await types(10, contexts('', ['base:allocation', 'qemu:x']))).toEqual([4, 1]);
    expect(await types(2)).toEqual([1]);
    expect(await one.isClosed()).toBe(true);
  });
});

describe.each([false, true])('reads, structured %s,', (structured) => {
  /** The error at the head of the answer to a read: no bytes are waited for, as a wrong answer may have too few. */
  async function errorOf(one: NbdClient, offset: number | bigint, length: number): Promise<number> {
    one.request(0, 9, offset, length);
    if (!structured) return (await one.simple()).error;
    const { type, data } = await one.chunk();
    return type === 2 ** 15 + 1 ? data.readUInt32BE() : 0;
  }

  test('are the bytes, at any offset and of any length', async () => {
    await using one = client();
    await one.go({ structured });
    const next = seeded(3);
    for (let round = 0; round < 150; round += 1) {
      const offset = next(SIZE);
      const length = 1 + next(Math.min(SIZE - offset, round % 5 === 0 ? SIZE : 5000));
      expect(bytesAt(offset, length).equals((await one.read(offset, length)) as Buffer)).toBe(true);
    }
  });

  test('of many clients, many at a time, are each its own', async () => {
    const readMany = async (number: number) => {
      await using one = client();
      await one.go({ structured });
      const next = seeded(number);
      const wanted = new Map<number, readonly [number, number]>();
      for (let cookie = 0; cookie < 60; cookie += 1) {
        const [offset, length] = [next(SIZE - 3000), 1 + next(3000)];
        wanted.set(cookie, [offset, length]);
        one.request(0, cookie, offset, length);
      }
      while (wanted.size > 0) {
        const { cookie, at, bytes, done } = await (structured ? piece(one) : whole(one, wanted));
        expect(bytesAt(at, bytes.length).equals(bytes)).toBe(true);
        if (done) expect(wanted.delete(cookie)).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => readMany(number)));
  });

  test('outside, of nothing, or too long are refused, and the client goes on', async () => {
    await using one = client();
    await one.go({ structured });
    const wrong: [number | bigint, number][] = [
      [SIZE, 1],
      [SIZE - 1, 2],
      [2n ** 63n, 1],
      [2n ** 64n - 1n, 1],
      [0, 0],
      [0, 2 ** 32 - 1],
    ];
    for (const [offset, length] of wrong) expect(await errorOf(one, offset, length)).toBe(22);
    expect(await one.read(SIZE - 1, 1)).toEqual(bytesAt(SIZE - 1, 1));
    expect(failures).toEqual([]);
  });

  test('longer than an answer may be are refused, however large the disk', async () => {
    const large = {
      ...device,
      size: 64 << 20,
      readAt: async (_: number, length: number) => Buffer.alloc(length),
    };
    const at = join(directory, 'large');
    const other = await serveNbd({ socket: at }, large, () => 'why');
    {
      await using one = new NbdClient({ path: at });
      await one.go({ structured });
      expect(await errorOf(one, 0, (32 << 20) + 1)).toBe(22);
      expect(await one.read(7, 3)).toHaveLength(3);
    }
    await other.close();
  });

  test('that fail are an I/O error of that read alone', async () => {
    broken = true;
    await using one = client();
    await one.go({ structured });
    expect(await errorOf(one, BAD, 1)).toBe(5);
    // Of a structured answer some pieces come before it.
    expect(await (structured ? one.read(0, SIZE) : errorOf(one, 0, SIZE))).toBe(5);
    expect(failures).toHaveLength(2);
    expect(await one.read(BAD + 1, 9)).toEqual(bytesAt(BAD + 1, 9));
    broken = false;
    expect(await one.read(BAD, 1)).toEqual(bytesAt(BAD, 1));
  });

  test('are all there is: writes are not permitted', async () => {
    await using one = client();
    await one.go({ structured });
    one.request(1, 7, 0, 100_000);
    // What looks like a request to disconnect is data.
    const data = Buffer.alloc(100_000, Buffer.from('2560951300000002', 'hex'));
    one.write(data.subarray(0, 30_000));
    one.write(data.subarray(30_000));
    expect(await one.simple()).toEqual({ error: 1, cookie: 7 });
    for (const type of [4, 6]) {
      one.request(type, type, 0, 4096);
      expect(await one.simple()).toEqual({ error: 1, cookie: type });
    }
    one.request(3, 9, 0, 0);
    expect(await one.simple()).toEqual({ error: 0, cookie: 9 });
    one.request(77, 10, 0, 0);
    expect(await one.simple()).toEqual({ error: 22, cookie: 10 });
    expect(await one.read(1, 1)).toEqual(bytesAt(1, 1));
    one.request(2, 0, 0, 0);
    expect(await one.isClosed()).toBe(true);
  });
});

describe('holes', () => {
  const status = async (one: NbdClient, offset: number, length: number, flags = 0) => {
    one.request(7, 1, offset, length, flags);
    const { type, data, done } = await one.chunk();
    expect([type, done, data.readUInt32BE()]).toEqual([5, true, 1]);
    return Array.from({ length: (data.length - 4) / 8 }, (_, at) => [
      data.readUInt32BE(4 + 8 * at),
      data.readUInt32BE(8 + 8 * at),
    ]);
  };

  test('are told to who asks', async () => {
    await using one = client();
    await one.go({ structured: true, holes: true });
    expect(await status(one, 0, SIZE)).toEqual([
      [HOLE, 0],
      [HOLE, 3],
      [HOLE, 0],
      [HOLE, 3],
      [HOLE + 12_345, 0],
    ]);
    expect(await status(one, HOLE - 10, 30)).toEqual([
      [10, 0],
      [20, 3],
    ]);
    expect(await status(one, HOLE - 10, 30, 8)).toEqual([[10, 0]]);
    expect(await status(one, HOLE + 5, 30)).toEqual([[30, 3]]);
  });

  test('are not read, and not sent as bytes', async () => {
    await using one = client();
    await one.go({ structured: true });
    one.request(0, 1, HOLE - 4, HOLE + 8);
    const types = [await one.chunk(), await one.chunk(), await one.chunk()].map(({ type, data }) => [
      type,
      data.length,
    ]);
    expect(types).toEqual([
      [1, 12],
      [2, 12],
      [1, 12],
    ]);
  });

  test('cannot be asked for before that was agreed', async () => {
    await using one = client();
    await one.go({ structured: true });
    one.request(7, 1, 0, 100);
    const { type, data } = await one.chunk();
    expect([type, data.readUInt32BE()]).toEqual([2 ** 15 + 1, 22]);
  });
});

describe('clients that mean no good', () => {
  const survives = async () => {
    await using one = client();
    await one.go();
    expect(await one.read(3, 3)).toEqual(bytesAt(3, 3));
  };

  test.each([
    ['unknown flags', async (one: NbdClient) => one.greet(4)],
    [
      'no option',
      async (one: NbdClient) => {
        await one.greet();
        one.write(Buffer.alloc(16, 1));
      },
    ],
    [
      'an option that is too long',
      async (one: NbdClient) => {
        await one.greet();
        one.option(7, Buffer.alloc(0), 2 ** 32 - 1);
      },
    ],
    [
      'a name that is too long',
      async (one: NbdClient) => {
        await one.greet();
        one.option(1, Buffer.alloc(0), 20_000);
      },
    ],
    [
      'another name',
      async (one: NbdClient) => {
        await one.greet();
        one.option(1, Buffer.from('x'));
      },
    ],
    [
      'a thousand options',
      async (one: NbdClient) => {
        await one.greet();
        for (let count = 0; count < 1000; count += 1) one.option(3);
      },
    ],
    [
      'no request',
      async (one: NbdClient) => {
        await one.go();
        one.write(Buffer.alloc(28, 9));
      },
    ],
    [
      'a write that is too long',
      async (one: NbdClient) => {
        await one.go();
        one.request(1, 1, 0, 2 ** 32 - 1);
      },
    ],
  ])('are let go: %s', async (_, deed) => {
    await using one = client();
    await deed(one);
    expect(await one.isClosed()).toBe(true);
    await survives();
  });

  test('and go at any byte, or send anything, harm nobody else', async () => {
    const next = seeded(5);
    for (let round = 0; round < 150; round += 1) {
      await using one = client();
      const start = round % 3;
      if (start === 1) await one.greet();
      if (start === 2) await one.go({ structured: round % 2 === 0 });
      one.write(garbageOf(next, start === 2 ? u32(0x25609513) : Buffer.from('IHAVEOPT')));
      if (next(2) === 0) one.socket.end();
      await new Promise((resolve) => setTimeout(resolve, next(4)));
    }
    await survives();
    expect(failures).toEqual([]);
  });

  test('and leave have little read for them any more', async () => {
    const going = Promise.withResolvers<void>();
    slow = going.promise;
    for (let round = 0; round < 3; round += 1) {
      await using one = client();
      await one.go({ structured: true });
      for (let cookie = 0; cookie < 4; cookie += 1) one.request(0, cookie, 0, SIZE);
      while (reads < 4 * (round + 1)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    going.resolve();
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Each answer has four pieces.
    expect(reads).toBeLessThan(24);
    await survives();
  });

  test('and take no answers hold the others up for no memory', async () => {
    await using greedy = client();
    await greedy.go({ structured: true });
    greedy.socket.pause();
    for (let cookie = 0; cookie < 500; cookie += 1) greedy.request(0, cookie, 2 * HOLE, HOLE);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await survives();
  });

  test('are so many that the last ones are not let in', async () => {
    const many = Array.from({ length: 70 }, client);
    await Promise.all(many.slice(0, 60).map((one) => one.greet()));
    const closed = await Promise.all(many.slice(64).map((one) => one.isClosed()));
    expect(closed).toEqual(closed.map(() => true));
    for (const one of many) await one[Symbol.asyncDispose]();
    await survives();
  });
});
