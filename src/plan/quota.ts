import type { Limit, Limits } from '../openstack/blockstorage/v3/limits.ts';

/** One line of the quota after a run: "9 of 10 backups". */
export interface QuotaLine {
  readonly what: string;
  readonly after: number;
  /** -1: unlimited. */
  readonly max: number;
  readonly fits: boolean;
}

/** What the run needs beside what is used. Increments count their volume's whole size. */
export interface Need {
  readonly backups?: number;
  /** GiB. */
  readonly backupGigabytes?: number;
  readonly volumes?: number;
  /** GiB. */
  readonly gigabytes?: number;
}

export function quotaAfter(limits: Limits, need: Need): QuotaLine[] {
  const lines: [string, Limit, number | undefined][] = [
    ['backups', limits.backups, need.backups],
    ['GB of backups', limits.backupGigabytes, need.backupGigabytes],
    ['volumes', limits.volumes, need.volumes],
    ['GB of volumes', limits.gigabytes, need.gigabytes],
  ];
  return lines.flatMap(([what, limit, more]) => {
    if (more === undefined) return [];
    const after = limit.used + more;
    return [{ what, after, max: limit.max, fits: limit.max < 0 || after <= limit.max }];
  });
}

/** "after this run 9 of 10 backups, 412 of 1000 GB of backups". */
export function quotaSentence(lines: readonly QuotaLine[]): string {
  return `after this run ${lines.map(({ what, after, max }) => `${after} of ${max < 0 ? 'unlimited' : max} ${what}`).join(', ')}`;
}
