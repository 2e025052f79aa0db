import { setTimeout as sleep } from 'node:timers/promises';
import { hasStatus } from '../../src/openstack/errors.ts';

/** Asks until the answer is yes, more and more slowly up to `everyMs`; for two minutes by default. */
export async function waitFor(
  what: string,
  check: () => Promise<boolean>,
  { everyMs = 500, forMs = 120_000 }: { everyMs?: number; forMs?: number } = {},
): Promise<void> {
  const end = Date.now() + forMs;
  for (let pause = 5; ; pause *= 2) {
    if (await check()) return;
    if (Date.now() > end) throw new Error(`waited too long for ${what}`);
    await sleep(Math.min(pause, everyMs));
  }
}

/** Whether what was asked for is not there (404). */
export async function isGone(read: Promise<unknown>): Promise<boolean> {
  return read.then(
    () => false,
    (error: unknown) => {
      if (hasStatus(error, 404)) return true;
      throw error;
    },
  );
}
