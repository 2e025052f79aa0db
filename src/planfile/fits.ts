import type { Limit } from '../openstack/quota-names.ts';
import { quoted } from '../text/escape.ts';
import type { Assignment } from './assign.ts';
import type { PlanEntry, PlanFile } from './plan-file.ts';
import { keyOf } from './resource.ts';
import { heldInTheLongRun } from './steady.ts';
import { makesChains } from './warnings.ts';

/** What an entry takes of the quota in the long run. */
interface Holding {
  readonly entry: PlanEntry;
  readonly volumes: number;
  /** Backups of each volume. */
  readonly held: number;
  readonly backups: number;
  readonly gigabytes: number;
}

const GIB = 2 ** 30;

/**
 * Why the quota will not be enough for the project as it is: for what stays of each volume in the long run, plus one
 * backup each while the next is made.
 *
 * @param foreign backups that are not ours, and stay: their number and GiB
 * @param now milliseconds
 */
export function quotaDoubts(
  plan: PlanFile,
  assignments: readonly Assignment[],
  quota: { readonly backups?: Limit | undefined; readonly backup_gigabytes?: Limit | undefined },
  foreign: { readonly backups: number; readonly gigabytes: number },
  now: number,
): string[] {
  const holdings = plan.entries.flatMap((entry) => holdingOf(entry, plan, assignments, now) ?? []);
  const sum = (what: 'backups' | 'gigabytes') =>
    holdings.reduce((all, one) => all + one[what], foreign[what]);
  const told = holdings.map(
    ({ entry, volumes, held }) => `${quoted(entry.name)} keeps up to ${held} of each of ${volumes}`,
  );
  return [
    ...over(quota.backups, sum('backups'), 'backups'),
    ...over(quota.backup_gigabytes, Math.ceil(sum('gigabytes')), 'GB of backups'),
  ].map(
    (what) =>
      `the quota will not be enough: ${what} (${told.join('; ')}). Lower keep or max-chain, or ask the operator for more`,
  );
}

function over(limit: Limit | undefined, need: number, what: string): string[] {
  return limit === undefined || limit.max < 0 || need <= limit.max
    ? []
    : [`this plan comes to ${need} ${what}, and ${limit.max} are allowed`];
}

/** Undefined if the entry makes no Cinder backups, or never deletes any, so that no quota is enough. */
function holdingOf(
  entry: PlanEntry,
  plan: PlanFile,
  assignments: readonly Assignment[],
  now: number,
): Holding | undefined {
  const { keep, every, maxChain } = entry;
  if (keep === undefined || !makesChains(entry, plan)) return undefined;
  const sizes = new Map(assignments.map(({ resource }) => [keyOf(resource), resource.bytes / GIB]));
  const volumes = new Set(
    assignments
      .filter(({ entries }) => entries.includes(entry))
      .flatMap(({ resource }) => (resource.kind === 'volume' ? [resource.id] : resource.volumes)),
  );
  if (volumes.size === 0) return undefined;
  const held = heldInTheLongRun(keep, every, maxChain, plan.zone, now).most;
  const gigabytes = [...volumes].reduce(
    (sum, id) => sum + (sizes.get(keyOf({ kind: 'volume', id })) ?? 0),
    0,
  );
  return {
    entry,
    volumes: volumes.size,
    held,
    backups: volumes.size * (held + 1),
    gigabytes: gigabytes * (held + 1),
  };
}
