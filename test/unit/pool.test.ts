import { describe, expect, test } from '@jest/globals';
import { pool, reported, turns } from '../../src/pool.ts';

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

describe('turns', () => {
  test('lets no more go on than it may, and all in their order, whatever fails', async () => {
    const inTurn = turns(2);
    let [going, most] = [0, 0];
    const begun: number[] = [];
    const works = Array.from({ length: 7 }, (_, at) =>
      inTurn(async () => {
        begun.push(at);
        going += 1;
        most = Math.max(most, going);
        await new Promise((resolve) => setTimeout(resolve, 2));
        going -= 1;
        if (at === 1) throw new Error('no');
        return at;
      }),
    );
    const ended = await Promise.allSettled(works);
    expect(ended.map(({ status }) => status)).toEqual(
      works.map((_, at) => (at === 1 ? 'rejected' : 'fulfilled')),
    );
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(2);
  });
});
