import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { doneUntil } from '../../src/backup/deadline.ts';
import type { Clock } from '../../src/clock.ts';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import type { Command } from '../../src/commands/command.ts';
import type { Raw } from '../../src/inputs/table.ts';
import { SparseBytes, startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { fastClock, runInProcess } from '../support/in-process.ts';

jest.setTimeout(120_000);

const MINUTE = 60_000;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'deadline-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A cloud whose downloads of some never end; once the first of them began, the run's time is over. */
async function slowCloud() {
  const cloud = await startEmbeddedCloud({});
  let slow: { readonly hits: number } | undefined;
  const slowDown = (path: RegExp) => {
    slow = cloud.faults.add({
      when: { service: 'image', method: 'GET', path, times: Number.POSITIVE_INFINITY },
      do: { slowBody: 24 * 60 * MINUTE },
    });
  };
  const fast = fastClock(10);
  const clock: Clock = {
    now: () => fast.now() + (slow !== undefined && slow.hits > 0 ? 1000 * MINUTE : 0),
    sleep: async (ms, signal) => {
      for (const end = clock.now() + ms; clock.now() < end; )
        await fast.sleep(Math.min(200, end - clock.now()), signal);
      signal?.throwIfAborted();
    },
  };
  const run = (command: object, raw: Raw) =>
    runInProcess(
      command as Command,
      { store: 'directory:s', publish: 'directory:p', deadline: '1000', ...raw },
      { environment: cloud.openrc('demo'), directory, clock },
    );
  return { cloud, slow: slowDown, run, [Symbol.asyncDispose]: () => cloud.close() };
}

describe('a run whose time is over while bytes flow ends, and publishes what it has', () => {
  test('of images', async () => {
    await using given = await slowCloud();
    await given.cloud.seed.addImage(SparseBytes.from(Buffer.from('done in time')), { name: 'small' });
    const big = await given.cloud.seed.addImage(new SparseBytes(8 << 20), { name: 'big' });
    given.slow(new RegExp(`${big.id}/file`));
    const told = await given.run(backupImage, { images: 'small,big', concurrency: '1' });
    expect(told.code).toBe(1);
    expect(JSON.parse(told.outputs['restore-points'] ?? '')).toMatchObject([{ name: 'small' }]);
    expect(JSON.parse(told.outputs['failed'] ?? '')).toEqual([
      {
        id: big.id,
        name: 'big',
        error: expect.stringContaining(
          `the download of image "big" (${big.id}) did not finish: the run reached its deadline`,
        ),
      },
    ]);
    const stored = readdirSync(join(directory, 's'), { recursive: true }).map(String);
    expect(stored.filter((path) => /\/maps\/./.test(path))).toHaveLength(1);
    expect(readdirSync(join(directory, 'p'))).not.toEqual([]);
  });

  test('of volumes through images, and removes the image', async () => {
    await using given = await slowCloud();
    const volume = given.cloud.seed.addVolume({ name: 'db', size: 1 });
    given.slow(/\/file/);
    const told = await given.run(backupVolume, { volumes: 'db', method: 'image' });
    expect(JSON.parse(told.outputs['failed'] ?? '')).toEqual([
      {
        id: volume.id,
        name: 'db',
        error: expect.stringMatching(
          /the download of the image of volume "db" \(.*\) did not finish: the run reached/,
        ),
      },
    ]);
    expect([...given.cloud.state.images.values()]).toEqual([]);
    expect(readdirSync(join(directory, 's'))).toEqual([]);
  });

  test('of servers, and removes their image', async () => {
    await using given = await slowCloud();
    const image = await given.cloud.seed.addImage(new SparseBytes(1 << 20), { name: 'system' });
    const server = given.cloud.seed.addServer({ name: 'web', image });
    given.slow(/\/file/);
    const told = await given.run(backupServer, { servers: 'web' });
    expect(JSON.parse(told.outputs['failed'] ?? '')).toMatchObject([{ id: server.id, name: 'web' }]);
    expect([...given.cloud.state.images.values()].map(({ id }) => id)).toEqual([image.id]);
    expect(readdirSync(join(directory, 's'))).toEqual([]);
  });

  test('of a server whose image is never done', async () => {
    await using given = await slowCloud();
    const image = await given.cloud.seed.addImage(new SparseBytes(1 << 20), { name: 'system' });
    given.cloud.seed.addServer({ name: 'web', image });
    given.cloud.faults.add({ when: { service: 'compute', method: 'POST', path: /action/ }, do: 'stuck' });
    const told = await given.run(backupServer, { servers: 'web', deadline: '1' });
    expect(told.outputs['failed']).toContain('Raise `deadline`');
  });
});

describe('doneUntil', () => {
  const never = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('lets work be that is done in time, and leaves no timer', async () => {
    const slept: AbortSignal[] = [];
    const clock = {
      now: () => 0,
      sleep: (_: number, signal?: AbortSignal) => {
        if (signal) slept.push(signal);
        return new Promise<void>(() => undefined);
      },
    };
    const signal = new AbortController().signal;
    expect(await doneUntil({ clock, signal, until: 5 }, 'it', async () => 7)).toBe(7);
    expect(slept.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await doneUntil({ clock, signal, until: Infinity }, 'it', async () => 8)).toBe(8);
    expect(slept).toHaveLength(1);
  });

  test('ends with the run, for its reason', async () => {
    const stop = new AbortController();
    const work = doneUntil(
      { clock: fastClock(1), signal: stop.signal, until: Date.now() + MINUTE },
      'it',
      never,
    );
    stop.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
  });

  test('waits months: longer than one timer can', async () => {
    let now = 0;
    const slept: number[] = [];
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        slept.push(ms);
        now += ms;
      },
    };
    const days = 70 * 24 * 60 * MINUTE;
    const work = doneUntil({ clock, signal: new AbortController().signal, until: days }, 'it', never);
    await expect(work).rejects.toThrow('it did not finish: the run reached its deadline');
    expect(now).toBe(days);
    expect(Math.max(...slept)).toBeLessThan(2 ** 31);
  });
});
