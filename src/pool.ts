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

/**
 * What work reports as it goes, as a generator: things that are done side by side come one by one.
 *
 * @param work its `report` resolves when who takes the item asks for the next one, and rejects with what was thrown for it
 * @throws what the work throws, when all that it reported is taken
 */
export async function* reported<T>(
  work: (report: (item: T) => Promise<void>) => Promise<void>,
): AsyncGenerator<T, void> {
  const waiting: (PromiseWithResolvers<void> & { readonly item: T })[] = [];
  let wake = Promise.withResolvers<void>();
  let closed = false;
  let over = false;
  const done = work((item) => {
    const taking = Promise.withResolvers<void>();
    if (closed) taking.reject(untaken());
    else waiting.push({ ...taking, item });
    wake.resolve();
    return taking.promise;
  }).finally(() => {
    over = true;
    wake.resolve();
  });
  done.catch(() => undefined);
  try {
    while (!over || waiting.length > 0) {
      const next = waiting.shift();
      if (next === undefined) {
        await wake.promise;
        wake = Promise.withResolvers<void>();
        continue;
      }
      try {
        yield next.item;
        next.resolve();
      } catch (error) {
        next.reject(error);
      } finally {
        // Has an effect only where nobody asks on.
        next.reject(untaken());
      }
    }
    await done;
  } finally {
    closed = true;
    for (const { reject } of waiting) reject(untaken());
    await done.catch(() => undefined);
  }
}

function untaken(): Error {
  return new Error('nobody takes what is reported any more');
}
