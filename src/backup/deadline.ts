import type { Clock } from '../clock.ts';
import { OperationError } from '../errors.ts';

export interface Until {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The deadline, milliseconds since the epoch; Infinity for never. */
  readonly until: number;
}

/** No timer takes more than 24 days. */
const LONGEST_SLEEP_MS = 24 * 60 * 60_000;

/**
 * Does work that has no deadline of its own, such as a transfer.
 *
 * @param what is done, for the message: "the download of image 5f2c…"
 * @param work its signal is aborted at the deadline, or if the run is stopped
 * @throws OperationError if the deadline comes first
 */
export async function doneUntil<T>(
  { clock, signal, until }: Until,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (until === Number.POSITIVE_INFINITY) return work(signal);
  const [over, done] = [new AbortController(), new AbortController()];
  const watch = async () => {
    for (let left = until - clock.now(); left > 0; left = until - clock.now())
      await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), done.signal);
    over.abort(
      new OperationError(
        `${what} did not finish: the run reached its deadline`,
        'What it made is removed. Raise `deadline`, or select less.',
      ),
    );
  };
  watch().catch(() => undefined);
  try {
    return await work(AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
  }
}
