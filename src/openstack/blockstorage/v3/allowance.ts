const MINUTE = 60_000;

/** How long a job may wait in the cloud: the service may have others to do first. */
export const TAKE_UP_MS = 15 * MINUTE;

/**
 * How long the cloud may take for a job on a volume, from its request: {@link TAKE_UP_MS} to take it up, and two
 * minutes a GiB. That is 9 MiB/s, slower than any healthy cloud.
 *
 * @param gigabytes the volume's size, GiB
 * @returns milliseconds
 */
export function allowance(gigabytes: number): number {
  return TAKE_UP_MS + gigabytes * 2 * MINUTE;
}
