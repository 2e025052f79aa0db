import type { WorldSeen } from '../../test/scenarios/seen.ts';

/** What `jest --json` writes; only what is read here. */
export interface JestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
      /** Milliseconds. */
      readonly duration?: number | null;
      readonly startAt?: number | null;
    }[];
  }[];
}

/** One test of a report, with the cloud that it was seen to run on. */
export interface Result {
  readonly scenario: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly kind: WorldSeen['kind'];
  readonly release: string;
  readonly run: string;
}

/**
 * Joins what jest says with what the worlds said. A test without a world of its own time is none of ours: it ran on no
 * cloud, or the line is of another run.
 */
export function resultsOf(reports: readonly JestReport[], worlds: readonly WorldSeen[]): Result[] {
  const tests = reports.flatMap(({ testResults }) => testResults.flatMap((file) => file.assertionResults));
  return tests.flatMap(({ title, fullName, status, duration, startAt }) => {
    const from = startAt ?? Number.NaN;
    const to = from + (duration ?? Number.NaN);
    const seen = worlds.filter(({ test, at }) => test === fullName && at >= from && at <= to);
    return seen.map(({ kind, release, run }) => ({
      scenario: title,
      passed: status === 'passed',
      seconds: Math.max(1, Math.round((duration ?? 0) / 1000)),
      kind,
      release,
      run,
    }));
  });
}

export function worldsOf(lines: string): WorldSeen[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WorldSeen);
}
