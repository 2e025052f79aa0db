import type { Result } from './results.ts';

/** docs/support.json: one run on the real cloud, and all that docs/support.md says of it. */
export interface SupportRecord {
  readonly run: string;
  /** The day, in UTC. */
  readonly day: string;
  readonly release: string;
  /** Seconds of each scenario that passed. */
  readonly seconds: Readonly<Record<string, number>>;
}

/**
 * Only what this run saw: a scenario that failed or did not run has no time.
 *
 * @throws Error when it is no run of one real cloud
 */
export function recordOf(results: readonly Result[], now: Date): SupportRecord {
  const real = results.filter(({ kind }) => kind === 'real');
  const [first] = real;
  if (first === undefined) throw new Error('no test of the reports ran on the real cloud');
  for (const { run, release } of real)
    if (run !== first.run || release !== first.release)
      throw new Error(
        `the reports are of several runs or clouds: ${first.run} and ${run}, ${first.release} and ${release}`,
      );
  const failed = new Set(real.filter(({ passed }) => !passed).map(({ scenario }) => scenario));
  const seconds = real
    .filter(({ scenario }) => !failed.has(scenario))
    .map(({ scenario, seconds }): [string, number] => [scenario, seconds])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    run: first.run,
    day: now.toISOString().slice(0, 10),
    release: first.release,
    seconds: Object.fromEntries(seconds),
  };
}
