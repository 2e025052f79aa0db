/** Runs the work on all items, at most `limit` at a time, in their order. Rejects with the first rejection, after all are over. */
export async function pool<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** The first item that is looked for; pages behind it are not asked for. */
export async function firstIn<T>(
  pages: AsyncIterable<readonly T[]>,
  isIt: (item: T) => boolean,
): Promise<T | undefined> {
  for await (const page of pages) {
    const found = page.find(isIt);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All items of pages that come one by one. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
