const MINUTE = 60_000;

/**
 * How long a job of the cloud on a volume may take, from its request. A quarter of an hour to be taken up, and two
 * minutes a GiB: 9 MiB/s, slower than any cloud that is well.
 *
 * @param gigabytes the volume's size, GiB
 * @returns milliseconds
 */
export function allowance(gigabytes: number): number {
  return 15 * MINUTE + gigabytes * 2 * MINUTE;
}
