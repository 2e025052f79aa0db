import { OperationError } from '../errors.ts';
import { adviceOf } from '../openstack/over-quota.ts';
import { countsOf, type Need, type Quantity, type QuotaName, type Quotas } from '../openstack/quota-names.ts';

/** One line of the quota after a run: "9 of 10 backups". */
export interface QuotaLine {
  readonly quota: QuotaName;
  readonly told: string;
  readonly fits: boolean;
  /** Whether the need ends with the run. */
  readonly meanwhile: boolean;
}

/** What a volume, with or without snapshots, takes of the quota, in total and of its type. */
export function needOfVolume(
  need: Readonly<Partial<Record<Quantity, number>>>,
  type: string | undefined,
): Need {
  const entries = Object.entries(need);
  return Object.fromEntries([
    ...entries,
    ...(type === undefined ? [] : entries.map(([name, count]) => [`${name}_${type}`, count])),
  ]);
}

/** The sum of these needs. */
export function allNeeds(needs: Iterable<Need>): Need {
  const sum = new Map<string, number>();
  for (const need of needs)
    for (const [name, count] of countsOf(need)) sum.set(name, (sum.get(name) ?? 0) + count);
  return Object.fromEntries(sum);
}

export function quotaAfter(quotas: Quotas, need: Need, meanwhile = false): QuotaLine[] {
  return countsOf(need).flatMap(([quota, more]) => {
    const limit = quotas[quota];
    if (limit === undefined) return [];
    const after = limit.used + more;
    const told = `${after} of ${limit.max < 0 ? 'unlimited' : limit.max} ${wordsFor(quota)}`;
    return [{ quota, told, fits: limit.max < 0 || after <= limit.max, meanwhile }];
  });
}

const WORDS: Readonly<Record<string, string>> = {
  backup_gigabytes: 'GB of backups',
  gigabytes: 'GB of volumes and snapshots',
  image_mebibytes: 'MiB of images',
  instances: 'servers',
  cores: 'CPUs',
  ram: 'MiB of memory',
  security_groups: 'security groups',
};

function wordsFor(quota: QuotaName): string {
  const [, quantity, type] = /^(volumes|snapshots|gigabytes)_(.*)$/s.exec(quota) ?? [];
  if (quantity !== undefined) return `${WORDS[quantity] ?? quantity} of type ${type}`;
  return WORDS[quota] ?? quota;
}

/** "quota after this run: 9 of 10 backups, 412 of 1000 GB of backups, and during the run: 5 of 10 volumes". */
export function quotaSentence(lines: readonly QuotaLine[]): string {
  const told = (meanwhile: boolean) =>
    lines
      .filter((line) => line.meanwhile === meanwhile)
      .map((line) => line.told)
      .join(', ');
  const parts = [
    told(false) === '' ? '' : `after this run: ${told(false)}`,
    told(true) === '' ? '' : `during the run: ${told(true)}`,
  ];
  const all = parts.filter((part) => part !== '').join(', and ');
  return all === '' ? 'no quota is used' : `quota ${all}`;
}

/** The plan does not fit the quota, perhaps because of leftovers. */
export class QuotaError extends OperationError {}

/**
 * @param what what the quota is too small for: "the restored volume"
 * @throws QuotaError
 */
export function refuseOver(quota: readonly QuotaLine[], what: string): void {
  const over = quota.filter(({ fits }) => !fits);
  if (over.length > 0) throw tooSmall(over, what, adviceOf, ' Nothing was changed.');
}

/**
 * @param over the lines that do not fit
 * @param advise says what to do about one of them
 */
export function tooSmall(
  over: readonly QuotaLine[],
  what: string,
  advise: (quota: QuotaName) => string,
  more = '',
): QuotaError {
  const advice = [...new Set(over.map(({ quota }) => advise(quota)))].join(' ');
  return new QuotaError(
    `the quota is too small for ${what}: ${over.map(({ told }) => told).join(', ')}`,
    `${advice}${more}`,
  );
}
