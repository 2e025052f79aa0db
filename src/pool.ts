/** Works on all items in order, at most `limit` at a time, even after a failure. Then rejects with the first error. */
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

/** Lets at most `limit` pieces of work go on at a time; the others wait for their turn. */
export function turns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** The first matching item. Requests no pages after it. */
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

/** All items of all pages. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

/**
 * A generator of what concurrent work reports, one item at a time.
 *
 * @param work its `report` resolves when the consumer asks for the next item, and rejects with what the consumer throws
 * @throws what the work throws, after the consumer has taken all items
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
        // Has an effect only if the consumer stops here.
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
