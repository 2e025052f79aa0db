export type Once<T> = (of: string, make: () => Promise<T>) => Promise<T>;

/**
 * Makes what several callers want only once: later callers wait for it. After a failure, the next caller tries again.
 *
 * @returns takes the key of the thing, and how to make it
 */
export function once<T>(): Once<T> {
  const made = new Map<string, Promise<T>>();
  return async (of, make) => {
    for (let before = made.get(of); before !== undefined; before = made.get(of)) {
      const result = await Promise.allSettled([before]);
      if (result[0].status === 'fulfilled') return result[0].value;
      if (made.get(of) === before) made.delete(of);
    }
    const now = make();
    made.set(of, now);
    return now;
  };
}
