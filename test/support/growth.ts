/** A bound for {@link growth} that a busy machine does not pass by itself. */
export const LINEAR = 64;

/**
 * How many times as long sixteen times as much takes: about 16 for what is linear, 256 for what is quadratic. The least
 * of several tries, since a machine can be slow but not too fast.
 */
export function growth(work: (size: number) => void, size: number): number {
  const least = (count: number) =>
    Math.min(
      ...Array.from({ length: 7 }, () => {
        const started = process.hrtime.bigint();
        work(count);
        return Number(process.hrtime.bigint() - started);
      }),
    );
  work(size);
  return least(16 * size) / least(size);
}
