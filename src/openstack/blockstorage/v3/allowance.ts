const MINUTE = 60_000;

/** How long a job of the cloud may wait until a service takes it up, which has others to do before. */
export const TAKE_UP_MS = 15 * MINUTE;

/**
 * How long a job of the cloud on a volume may take, from its request. {@link TAKE_UP_MS} to be taken up, and two minutes
 * a GiB: 9 MiB/s, slower than any cloud that is well.
 *
 * @param gigabytes the volume's size, GiB
 * @returns milliseconds
 */
export function allowance(gigabytes: number): number {
  return TAKE_UP_MS + gigabytes * 2 * MINUTE;
}
