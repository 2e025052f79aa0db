import type { Status } from './coverage.ts';

/** https://shields.io/badges/endpoint-badge */
export interface Badge {
  readonly schemaVersion: 1;
  readonly label: string;
  readonly message: string;
  readonly color: 'brightgreen' | 'yellow' | 'red' | 'lightgrey';
}

/**
 * A report in one line, with its day: when a schedule stops, its badge stays green.
 *
 * @param failure what makes the report fail; empty if nothing does
 * @param now milliseconds
 */
export function badgeOf(counts: Readonly<Record<Status, number>>, failure: string, now: number): Badge {
  const { covered, excluded: _meant, ...wrong } = counts;
  const told = Object.entries(wrong).flatMap(([status, count]) => (count > 0 ? [`${count} ${status}`] : []));
  const [message, color] =
    failure !== ''
      ? ([failure, 'red'] as const)
      : told.length > 0
        ? ([[`${covered} covered`, ...told].join(', '), 'yellow'] as const)
        : covered > 0
          ? ([`${covered} covered`, 'brightgreen'] as const)
          : (['nothing to back up', 'lightgrey'] as const);
  const day = new Date(now).toISOString().slice(0, 10);
  return { schemaVersion: 1, label: 'backups', message: `${message} (${day})`, color };
}
