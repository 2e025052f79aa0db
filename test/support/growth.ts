/** A bound for {@link growth} that no machine passes by itself. */
export const LINEAR = 64;

/**
 * How many times as much of a core sixteen times as much takes: about 16 for what is linear, 256 for what is quadratic. Of
 * this thread alone, since others are at work too; the least of several tries, since caches are shared.
 */
export function growth(work: (size: number) => void, size: number): number {
  const least = (count: number) => Math.min(...Array.from({ length: 7 }, () => spent(() => work(count))));
  work(size);
  return least(16 * size) / least(size);
}

/** Microseconds; repeated until there are enough to tell. */
function spent(work: () => void): number {
  const started = process.threadCpuUsage();
  for (let times = 1; ; times += 1) {
    work();
    const { user, system } = process.threadCpuUsage(started);
    if (user + system > ENOUGH) return (user + system) / times;
  }
}

const ENOUGH = 1000;
