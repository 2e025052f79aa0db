import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { Budget } from '../../../src/nbd/budget.ts';
import { Outgoing } from '../../../src/nbd/outgoing.ts';

test('a client that takes nothing for a while is let go, and what waits for it ends', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  stream.on('error', () => undefined);
  await new Outgoing(stream, { stalled: 20 }).send(Buffer.alloc(1000), Buffer.alloc(1000));
  expect(stream.destroyed).toBe(true);
  await new Outgoing(stream, { stalled: 20 }).send(Buffer.alloc(1000));
});

test('a client that takes little at a time is none that takes nothing', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  const taken: Buffer[] = [];
  const slowly = setInterval(() => {
    const bytes: Buffer | null = stream.read();
    if (bytes !== null) taken.push(bytes);
  }, 10);
  const outgoing = new Outgoing(stream, { stalled: 150, hurried: 20 });
  const parts = Array.from({ length: 60 }, (_, nth) => Buffer.alloc(1000, nth));
  await Promise.all([outgoing.send(...parts), outgoing.send(Buffer.from('end'))]);
  clearInterval(slowly);
  expect(stream.destroyed).toBe(false);
  const all = Buffer.concat([...taken, stream.read() ?? Buffer.alloc(0)]);
  expect(all.equals(Buffer.concat([...parts, Buffer.from('end')]))).toBe(true);
});

test('a client that takes little at a time is let go once others wait for the memory, with what it waits for', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  const slowly = setInterval(() => stream.read(), 10);
  let wanted = false;
  const outgoing = new Outgoing(stream, { stalled: 60_000, hurried: 30, isWanted: () => wanted });
  const parts = Array.from({ length: 10_000 }, () => Buffer.alloc(1000));
  const all = Promise.all([outgoing.send(...parts), outgoing.send(...parts)]);
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(stream.destroyed).toBe(false);
  wanted = true;
  await all;
  clearInterval(slowly);
  expect(stream.destroyed).toBe(true);
});

test('what is sent comes in one piece', async () => {
  const stream = new PassThrough();
  const outgoing = new Outgoing(stream);
  await Promise.all([
    outgoing.send(Buffer.from('a'), Buffer.from('b')),
    outgoing.send(Buffer.from('c'), Buffer.from('d')),
  ]);
  expect(stream.read().toString()).toBe('abcd');
});

test('memory is shared in order, and comes back also from what failed', async () => {
  const budget = new Budget(10);
  const order: number[] = [];
  const first = Promise.withResolvers<void>();
  const failing = budget.use(8, () => first.promise);
  const large = budget.use(10, async () => order.push(10));
  // It would fit, but would keep the large one waiting for ever.
  const small = budget.use(1, async () => order.push(1));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(order).toEqual([]);
  expect(budget.isWanted).toBe(true);
  first.reject(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  await Promise.all([large, small]);
  expect(order).toEqual([10, 1]);
  expect(budget.isWanted).toBe(false);
  await expect(budget.use(11, async () => 0)).rejects.toThrow(RangeError);
});
