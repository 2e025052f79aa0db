import { messageOf } from '../../errors.ts';
import { pool } from '../../pool.ts';
import type { Listed, Place } from '../../store/place.ts';
import { type Amount, cleaningAgain, sumOf } from './clean.ts';
import { probe } from './probe.ts';
import { retire } from './retire.ts';
import { type FolderLook, lookAgain, type ManifestFacts, type StoreLook } from './store-look.ts';

export interface Sweeping {
  readonly facts: ManifestFacts;
  /** Milliseconds, by another clock than the place's: the earlier of both counts. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** What could not be removed. */
  failed(name: string, why: string): void;
}

const AT_ONCE = 8;

/**
 * Removes what was found free, after another look at each folder. Killed anywhere it leaves what the next run finds.
 *
 * @returns what went
 * @throws what the place throws if it cannot be written
 */
export async function sweepStore(
  place: Place,
  { folders, clocks }: StoreLook,
  sweeping: Sweeping,
): Promise<Amount> {
  const dirty = folders.filter(
    ({ cleaning: { objects, checkpoints, expired } }) =>
      objects.length + checkpoints.length + expired.length > 0,
  );
  if (dirty.length + clocks.length === 0) return sumOf([]);
  const gone: Amount[] = [];
  const now = Math.min(sweeping.now, await probe(place));
  for (const look of dirty) gone.push(...(await sweepFolder(place, look, { ...sweeping, now })));
  await removed(place, clocks, sweeping);
  return sumOf(gone);
}

async function sweepFolder(place: Place, look: FolderLook, sweeping: Sweeping): Promise<Amount[]> {
  const { facts, now, signal } = sweeping;
  const fresh = await lookAgain(place, look, facts, signal);
  const { objects, checkpoints, expired } = cleaningAgain(look.cleaning, fresh, now);
  for (const { name } of checkpoints) await tried(name, sweeping, () => retire(place, name));
  // First the copies, so that nothing names what is missing.
  return [...(await removed(place, expired, sweeping)), ...(await removed(place, objects, sweeping))];
}

async function removed(
  place: Place,
  all: readonly Pick<Listed, 'name' | 'size'>[],
  sweeping: Sweeping,
): Promise<Amount[]> {
  const went = await pool(all, AT_ONCE, async ({ name, size }) =>
    (await tried(name, sweeping, () => place.remove(name))) ? [{ objects: 1, bytes: size }] : [],
  );
  return went.flat();
}

async function tried(
  name: string,
  { signal, failed }: Sweeping,
  work: () => Promise<void>,
): Promise<boolean> {
  signal.throwIfAborted();
  try {
    await work();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    failed(name, messageOf(error));
    return false;
  }
}
