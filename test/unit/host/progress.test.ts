import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Clock } from '../../../src/clock.ts';
import { loggedProgress, Pace } from '../../../src/host/progress.ts';
import { terminalProgress } from '../../../src/host/terminal/progress.ts';

const MIB = 1 / 1024;

describe('the pace', () => {
  test('of bytes leaves out that the cloud made an image of them first', () => {
    const pace = new Pace({ items: 1, gigabytes: 2 }, 0);
    expect(pace.line(71_000)).toBe('0 of 1, 0 of 2 GiB, waiting for the cloud for 1 min 11 s');
    for (let at = 71_000; at <= 81_000; at += 100) pace.advance(0, 10 * MIB, at);
    expect(pace.line(81_000)).toBe('0 of 1, 0.99 of 2 GiB, 100 MiB/s, 10 s left');
  });

  test('leaves out a pause between two of them, and says what is waited for', () => {
    const pace = new Pace({ items: 2, gigabytes: 2 }, 0);
    for (let at = 0; at <= 10_000; at += 100) pace.advance(0, 10 * MIB, at);
    expect(pace.line(40_000)).toBe('0 of 2, 0.99 of 2 GiB, waiting for the cloud for 30 s');
    pace.advance(1, 14 * MIB, 40_000);
    for (let at = 70_000; at <= 72_000; at += 100) pace.advance(0, 10 * MIB, at);
    expect(pace.line(72_000)).toBe('1 of 2, 1.21 of 2 GiB, 100 MiB/s, 8 s left');
  });

  test('of what the cloud does by itself is that of whole things', () => {
    const pace = new Pace({ items: 2, gigabytes: 40 }, 0);
    expect(pace.line(65_000)).toBe('0 of 2, 0 of 40 GiB, waiting for the cloud for 1 min 5 s');
    pace.advance(1, 10, 100_000);
    expect(pace.line(100_000)).toBe('1 of 2, 10 of 40 GiB, 102 MiB/s, 5 min left');
    pace.advance(1, 30, 200_000);
    expect(pace.line(200_000)).toBe('2 of 2, 40 of 40 GiB, 205 MiB/s');
  });

  test('does not count what failed as done, and no longer waits for it', () => {
    const pace = new Pace({ items: 2, gigabytes: 40 }, 0);
    pace.advance(0, 1, 1_000);
    pace.fail(9);
    expect(pace.line(2_000)).toBe('0 of 2, 1 failed, 1 of 40 GiB');
    pace.advance(1, 20, 100_000);
    expect(pace.line(101_000)).toContain('1 of 2, 1 failed, 21 of 40 GiB');
  });

  test('of nothing known has no end', () => {
    const pace = new Pace({ items: 1, gigabytes: 0 }, 0);
    for (let at = 0; at <= 2_000; at += 100) pace.advance(0, MIB, at);
    expect(pace.line(2_000)).toBe('0 of 1, 0.02 of 0 GiB, 10 MiB/s');
  });
});

describe('shown', () => {
  let now = 0;
  const clock: Clock = { now: () => now, sleep: async () => undefined };
  beforeEach(() => {
    now = 0;
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const pass = (ms: number) => {
    now += ms;
    jest.advanceTimersByTime(ms);
  };

  test('in a pipe by a line a minute, without any of a terminal', () => {
    const written: string[] = [];
    const lines: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const bar = terminalProgress(stream, clock, (line) => lines.push(line)).start('backing up', {
      items: 1,
      gigabytes: 1,
    });
    for (let minute = 0; minute < 3; minute += 1) pass(60_000);
    bar.finish();
    pass(600_000);
    expect(written).toEqual([]);
    expect(lines).toEqual([
      'backing up: 0 of 1, 0 of 1 GiB, waiting for the cloud for 1 min',
      'backing up: 0 of 1, 0 of 1 GiB, waiting for the cloud for 2 min',
      'backing up: 0 of 1, 0 of 1 GiB, waiting for the cloud for 3 min',
    ]);
  });

  test('on a terminal by one line that is drawn over, and never wraps', () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 30, write: (text: string) => written.push(text) };
    const progress = terminalProgress(stream, clock, () => undefined);
    const bar = progress.start('backing up', { items: 1, gigabytes: 1 });
    pass(2_000);
    bar.finish();
    progress.draw();
    expect(written).toHaveLength(4);
    for (const text of written) expect(text.replace('\r\u001b[K', '').length).toBeLessThan(30);
    expect(written.at(-1)).toBe('\r\u001b[K');
    expect(written.join('')).not.toContain('\n');
  });

  test('in a workflow as in a pipe', () => {
    const lines: string[] = [];
    const bar = loggedProgress((line) => lines.push(line), clock).start('x', { items: 1, gigabytes: 1 });
    pass(60_000);
    bar.finish();
    expect(lines).toHaveLength(1);
  });
});
