import type { Clock } from '../../clock.ts';
import type { Progress } from '../../ports/host.ts';
import { progressLine } from '../terminal/progress.ts';

const EVERY_MS = 60_000;

/** A line now and then: a log cannot be drawn over, and a silent hour looks like a hang. */
export function loggedProgress(line: (text: string) => void, clock: Clock): Progress {
  return {
    start(title, total) {
      const started = clock.now();
      const done = { items: 0, gigabytes: 0 };
      let told = started;
      const tell = () => {
        told = clock.now();
        line(`${title}: ${progressLine(done, total, told - started)}`);
      };
      const timer = setInterval(tell, EVERY_MS);
      timer.unref();
      return {
        advance(items, gigabytes) {
          done.items += items;
          done.gigabytes += gigabytes;
          if (clock.now() - told >= EVERY_MS / 2) tell();
        },
        finish: () => clearInterval(timer),
      };
    },
  };
}
