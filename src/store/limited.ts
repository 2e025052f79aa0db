import type { Clock } from '../clock.ts';
import { Gathered } from '../stream/gathered.ts';
import type { Place } from './place.ts';

/**
 * A place that takes and gives at most so many bytes a second, all that goes on at once counted together. A place that
 * sends an object at once does so at its own pace, and the next one waits for longer.
 *
 * @param rate bytes per second
 */
export function limitedPlace(
  place: Place,
  rate: number,
  clock: Clock,
  signal?: AbortSignal | undefined,
): Place {
  let free = 0;
  async function* slowly(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const piece of source) {
      const now = clock.now();
      const turn = Math.max(now, free);
      free = turn + (piece.length * 1000) / rate;
      if (turn > now) await clock.sleep(turn - now, signal);
      yield piece;
    }
  }
  return {
    ...place,
    async put(name, bytes, after) {
      if (!(bytes instanceof Gathered)) return place.put(name, slowly(bytes), after);
      // It goes on as it lies there, once it could have been sent.
      for await (const _ of slowly(bytes));
      return place.put(name, bytes, after);
    },
    async get(name, range) {
      const found = await place.get(name, range);
      return { ...found, bytes: slowly(found.bytes) };
    },
  };
}
