import { describe, expect, test } from '@jest/globals';
import { pool, reported } from '../../src/pool.ts';

describe('what work reports', () => {
  const three = (report: (item: number) => Promise<void>) =>
    pool([1, 2, 3], 3, async (item) => report(item)).then(() => undefined);

  test('comes one by one, all of it, in the order of the reports', async () => {
    const seen: number[] = [];
    for await (const item of reported<number>(three)) seen.push(item);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('is taken before its report resolves', async () => {
    const events: string[] = [];
    const work = async (report: (item: string) => Promise<void>) => {
      await report('a');
      events.push('a is taken');
    };
    for await (const item of reported<string>(work)) events.push(`takes ${item}`);
    expect(events).toEqual(['takes a', 'a is taken']);
  });

  test('ends with what the work throws, after all that was reported', async () => {
    const work = async (report: (item: number) => Promise<void>) => {
      await report(1);
      throw new Error('broken');
    };
    const items = reported<number>(work);
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await expect(items.next()).rejects.toThrow('broken');
  });

  test('that cannot be taken is thrown at its report alone', async () => {
    const told: string[] = [];
    const work = (report: (item: number) => Promise<void>) =>
      pool([1, 2, 3], 3, async (item) => {
        await report(item).then(
          () => told.push(`${item} taken`),
          (error: Error) => told.push(`${item} ${error.message}`),
        );
      }).then(() => undefined);
    const items = reported<number>(work);
    expect((await items.next()).value).toBe(1);
    expect((await items.next()).value).toBe(2);
    expect((await items.throw(new Error('refused'))).value).toBe(3);
    expect((await items.next()).done).toBe(true);
    expect(told.sort()).toEqual(['1 taken', '2 refused', '3 taken']);
  });

  test('leaves nobody waiting where it is not asked on', async () => {
    const told: string[] = [];
    const work = (report: (item: number) => Promise<void>) =>
      pool([1, 2, 3], 3, async (item) => {
        await report(item).catch((error: Error) => told.push(error.message));
        if (item === 1) await report(4).catch((error: Error) => told.push(error.message));
      }).then(() => undefined);
    for await (const item of reported<number>(work)) {
      expect(item).toBe(1);
      break;
    }
    expect(told).toEqual(new Array(4).fill('nobody takes what is reported any more'));
  });
});
