import { createHash } from 'node:crypto';
import { InputError, OperationError } from '../../../../src/errors.ts';
import { checkedName } from '../../../../src/store/name.ts';
import type { Place } from '../../../../src/store/place.ts';
import { allOf, once } from '../../../../src/stream/chunks.ts';

export class Killed extends Error {}

/** A place in memory whose run can be killed at any of its requests. */
export class MemoryPlace {
  readonly files = new Map<string, { readonly bytes: Buffer; readonly modified: number }>();
  /** Of every put that ended well, in their order. */
  puts: string[] = [];
  gets: string[] = [];
  requests = 0;
  #clock = 0;

  /** @param killAt the number of the first request that fails, and with it all after; undefined: none does */
  place(killAt = Number.POSITIVE_INFINITY): Place {
    let requests = 0;
    const ask = async () => {
      requests += 1;
      this.requests = requests;
      // Lets other requests come between.
      await new Promise((resolve) => setImmediate(resolve));
      if (requests >= killAt) throw new Killed(`killed at request ${killAt}`);
    };
    const { files } = this;
    return {
      name: 'memory',
      prepare: async () => [],
      put: async (name, source, after) => {
        await ask();
        const bytes = await allOf(source);
        await after;
        // A process that died puts nothing.
        if (requests >= killAt) throw new Killed(`killed at request ${killAt}`);
        if (files.has(checkedName(name))) throw new OperationError(`memory already has ${name}`);
        this.#clock += 1;
        files.set(name, { bytes, modified: this.#clock });
        this.puts.push(name);
        return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
      },
      get: async (name, range = { start: 0 }) => {
        await ask();
        const file = files.get(name);
        if (file === undefined) throw new InputError(`${name} is not in memory`);
        this.gets.push(name);
        const bytes = file.bytes.subarray(range.start, range.end);
        return { size: bytes.length, bytes: once(bytes) };
      },
      head: async (name) => {
        await ask();
        const file = files.get(name);
        return file && { name, size: file.bytes.length, modified: file.modified };
      },
      list: async function* (prefix = '') {
        await ask();
        for (const [name, { bytes, modified }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
          if (name.startsWith(prefix)) yield { name, size: bytes.length, modified };
      },
      keep: async () => undefined,
      remove: async (name) => {
        await ask();
        files.delete(name);
      },
    };
  }

  names(part: string): string[] {
    return [...this.files.keys()].filter((name) => name.includes(`/${part}/`)).sort();
  }
}
