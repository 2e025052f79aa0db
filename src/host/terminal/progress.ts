import { type Clock, duration } from '../../clock.ts';
import type { Progress, ProgressBar } from '../../ports/host.ts';

export interface Stream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export interface DrawnProgress extends Progress {
  /** Takes the line away so that another can be written, and draws it again. */
  clear(): void;
  draw(): void;
}

/** One line that is drawn over itself, on a terminal only. */
export function terminalProgress(stream: Stream, clock: Clock): DrawnProgress {
  let current: (() => string) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => {
    if (current !== undefined) stream.write('\r\u001b[K');
  };
  const draw = () => {
    if (current !== undefined) stream.write(`\r\u001b[K${current()}`);
  };
  return {
    clear,
    draw,
    start(title, total): ProgressBar {
      if (stream.isTTY !== true) return { advance: () => undefined, finish: () => undefined };
      const started = clock.now();
      const done = { items: 0, gigabytes: 0 };
      current = () => `${title}: ${progressLine(done, total, clock.now() - started)}`;
      timer = setInterval(draw, 1000);
      timer.unref();
      draw();
      return {
        advance(items, gigabytes) {
          done.items += items;
          done.gigabytes += gigabytes;
          // Bytes that stream by come in thousands a second: the timer shows them.
          if (items > 0) draw();
        },
        finish() {
          clearInterval(timer);
          clear();
          current = undefined;
        },
      };
    },
  };
}

/**
 * "3 of 10, 12 of 40 GiB, 51 MiB/s, 9 min left". Of what the cloud does by itself the rate is that of whole things done:
 * it tells no more.
 */
export function progressLine(
  done: { items: number; gigabytes: number },
  total: { readonly items: number; readonly gigabytes: number },
  elapsedMs: number,
): string {
  const parts = [
    `${done.items} of ${total.items}`,
    `${short(done.gigabytes)} of ${short(total.gigabytes)} GiB`,
  ];
  if (done.gigabytes > 0 && elapsedMs > 0) {
    const perMs = done.gigabytes / elapsedMs;
    parts.push(
      `${Math.round(perMs * 1024 * 1000)} MiB/s`,
      `${duration((total.gigabytes - done.gigabytes) / perMs)} left`,
    );
  } else parts.push(`for ${duration(elapsedMs)}`);
  return parts.join(', ');
}

function short(gigabytes: number): string {
  return String(Number(gigabytes.toFixed(gigabytes < 10 ? 2 : 1)));
}
