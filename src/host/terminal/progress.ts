import type { Clock } from '../../clock.ts';
import type { Progress, ProgressBar } from '../../ports/host.ts';
import { loggedProgress, Pace } from '../progress.ts';

export interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface DrawnProgress extends Progress {
  /** Erases the line so that another can be written; `draw` restores it. */
  clear(): void;
  draw(): void;
}

/** A line that redraws itself on a terminal; elsewhere, a new line now and then. */
export function terminalProgress(stream: Stream, clock: Clock, line: (text: string) => void): DrawnProgress {
  if (stream.isTTY !== true)
    return { ...loggedProgress(line, clock), clear: () => undefined, draw: () => undefined };
  let current: (() => string) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => {
    if (current !== undefined) stream.write('\r\u001b[K');
  };
  const draw = () => {
    if (current !== undefined) stream.write(`\r\u001b[K${clipped(current(), stream.columns)}`);
  };
  return {
    clear,
    draw,
    start(title, total): ProgressBar {
      const pace = new Pace(total, clock.now());
      current = () => `${title}: ${pace.line(clock.now())}`;
      timer = setInterval(draw, 1000);
      timer.unref();
      draw();
      return {
        advance(items, gigabytes) {
          pace.advance(items, gigabytes, clock.now());
          // Streamed bytes arrive in thousands of calls a second: the timer shows them.
          if (items > 0) draw();
        },
        fail(gigabytes) {
          pace.fail(gigabytes);
          draw();
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

/** A wrapped line cannot be redrawn. */
function clipped(line: string, columns = 80): string {
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 1));
}
