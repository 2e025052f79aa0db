import { describe, expect, test } from '@jest/globals';
import { CloudError } from '../../../src/openstack/errors.ts';
import { DeadlineError, Watcher } from '../../../src/openstack/watcher.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { FakeClock } from '../../support/clock.ts';

interface Thing {
  readonly id: string;
  readonly status: string;
}

const MINUTE = 60_000;

/** Things that become ready at a time, in pages of two, and what was asked. */
function cloud(
  readyAt: Record<string, number>,
  options: { gone?: (id: string, now: number) => boolean } = {},
) {
  const clock = new FakeClock(0);
  const asked = { list: 0, get: 0 };
  const look = (id: string): Thing => ({
    id,
    status: clock.now() >= (readyAt[id] ?? 0) ? 'available' : 'creating',
  });
  const ids = () => Object.keys(readyAt).filter((id) => !options.gone?.(id, clock.now()));
  const source = {
    async *list() {
      asked.list += 1;
      const all = ids().map(look);
      for (let start = 0; start < all.length; start += 2) yield all.slice(start, start + 2);
    },
    async get(id: string) {
      asked.get += 1;
      if (!ids().includes(id)) throw new CloudError({ doing: `read ${id}`, status: 404, words: 'not found' });
      return look(id);
    },
  };
  return { clock, asked, source, watcher: new Watcher<Thing>(source, clock, silentLog) };
}

const ready = (thing: Thing) => {
  if (thing.status === 'error') throw new Error(`${thing.id} failed`);
  return thing.status === 'available' ? { done: thing.id } : undefined;
};

describe('waiting', () => {
  test('one thing is read by its own address', async () => {
    const { watcher, asked } = cloud({ a: 3000 });
    expect(await watcher.until('a', ready, { deadline: MINUTE })).toBe('a');
    expect(asked.list).toBe(0);
    expect(asked.get).toBe(6);
  });

  test('a hundred things cost one list a look, not a hundred reads', async () => {
    const things = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`t${n}`, 4000]));
    const { watcher, asked } = cloud(things);
    const done = await Promise.all(
      Object.keys(things).map((id) => watcher.until(id, ready, { deadline: MINUTE })),
    );
    expect(done).toHaveLength(100);
    expect(asked).toEqual({ list: 8, get: 0 });
  });

  test('looks become rarer the longer it takes', async () => {
    const { watcher, asked } = cloud({ a: 60 * MINUTE });
    await watcher.until('a', ready, { deadline: 120 * MINUTE });
    expect(asked.get).toBeLessThan(450);
  });

  test('a new wait is not late because an old one is slow', async () => {
    const { watcher, clock } = cloud({ old: 60 * MINUTE, young: 30 * MINUTE + 2000 });
    const old = watcher.until('old', ready, { deadline: 120 * MINUTE });
    await clock.sleep(30 * MINUTE);
    await watcher.until('young', ready, { deadline: 120 * MINUTE });
    expect(clock.now() - (30 * MINUTE + 2000)).toBeLessThanOrEqual(1000);
    await old;
  });

  test('ends at the deadline', async () => {
    const { watcher, clock } = cloud({ a: 60 * MINUTE });
    await expect(watcher.until('a', ready, { deadline: MINUTE })).rejects.toThrow(DeadlineError);
    expect(clock.now()).toBeLessThan(MINUTE + 5000);
  });

  test('a thing that is unknown at first is waited for', async () => {
    const { watcher } = cloud({ a: 8000 }, { gone: (_id, now) => now < 5000 });
    expect(await watcher.until('a', ready, { deadline: MINUTE })).toBe('a');
  });

  test('a thing that stays unknown is an error', async () => {
    const { watcher } = cloud({}, {});
    await expect(watcher.until('a', ready, { deadline: 5 * MINUTE })).rejects.toMatchObject({ status: 404 });
  });

  test('until it is gone', async () => {
    const { watcher, clock } = cloud({ a: 0 }, { gone: (_id, now) => now > 3000 });
    await watcher.gone('a', () => undefined, { deadline: MINUTE });
    expect(clock.now()).toBeGreaterThan(3000);
  });

  test('what the judge throws is the outcome of that wait alone', async () => {
    const { watcher } = cloud({ a: 1000, b: 2000 });
    const bad = watcher.until(
      'a',
      () => {
        throw new Error('a failed');
      },
      { deadline: MINUTE },
    );
    const good = watcher.until('b', ready, { deadline: MINUTE });
    await expect(bad).rejects.toThrow('a failed');
    expect(await good).toBe('b');
  });

  test('an abort ends it with its reason', async () => {
    const { watcher, clock } = cloud({ a: 60 * MINUTE });
    const stop = new AbortController();
    const wait = watcher.until('a', ready, { deadline: 120 * MINUTE, signal: stop.signal });
    void clock.sleep(5000).then(() => stop.abort(new Error('stopped by SIGINT')));
    await expect(wait).rejects.toThrow('stopped by SIGINT');
  });

  test('looks that fail are no verdict, until they fail for long', async () => {
    const { source, clock } = cloud({ a: 3000 });
    let failures = 4;
    const flaky = {
      ...source,
      get: async (id: string) => {
        if (failures-- > 0) throw new CloudError({ doing: 'x', status: 503, words: 'w' });
        return source.get(id);
      },
    };
    expect(await new Watcher<Thing>(flaky, clock, silentLog).until('a', ready, { deadline: MINUTE })).toBe(
      'a',
    );
    const blind = {
      ...source,
      get: async () => {
        throw new CloudError({ doing: 'x', status: 503, words: 'w' });
      },
    };
    await expect(
      new Watcher<Thing>(blind, clock, silentLog).until('a', ready, { deadline: clock.now() + 60 * MINUTE }),
    ).rejects.toMatchObject({ status: 503 });
    expect(clock.now()).toBeLessThan(10 * MINUTE);
  });

  test('a refusal ends the wait at once', async () => {
    const { source, clock } = cloud({ a: 3000 });
    const refused = {
      ...source,
      get: async () => {
        throw new CloudError({ doing: 'x', status: 403, words: 'w' });
      },
    };
    await expect(
      new Watcher<Thing>(refused, clock, silentLog).until('a', ready, { deadline: MINUTE }),
    ).rejects.toMatchObject({ status: 403 });
    expect(clock.now()).toBeLessThan(2000);
  });
});
