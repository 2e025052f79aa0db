import { DateTime } from 'luxon';
import { quoted } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import { denseWindowOf, horizonOf } from './horizon.ts';
import type { Exclusion, PlanEntry, PlanFile } from './plan-file.ts';
import { hoursOf } from './span.ts';
import { heldInTheLongRun } from './steady.ts';

/** GitHub's default. */
const ARTIFACT_DAYS = 90;

/**
 * Warns of what is valid but probably not meant.
 *
 * @param now milliseconds
 * @param artifactDays how long the repository keeps artifacts, if known
 */
export function warningsOf(plan: PlanFile, now: number, artifactDays: number | undefined): string[] {
  return [
    ...plan.entries.flatMap((entry) => [...ofRhythm(entry), ...ofChain(entry, plan, now)]),
    ...ofPublication(plan, artifactDays),
    ...ofKeep(plan),
    ...plan.exclusions.flatMap((exclusion) => ofExclusion(exclusion, plan.zone, now)),
    ...ofDrill(plan),
  ];
}

function ofDrill({ drill, store }: PlanFile): string[] {
  if (drill === undefined || store !== undefined) return [];
  return [
    ...(drill.level === 'bytes' ? ['drill'] : []),
    ...(drill.byHand?.level === 'bytes' ? ['drill.by-hand'] : []),
  ].map((where) => `${where}: level bytes opens what is in the store, and the plan gives none`);
}

/** Whether the volumes and disks of an entry become Cinder backups, and so chains. */
export function makesChains({ method, kinds }: PlanEntry, { store }: PlanFile): boolean {
  const hasDisks = kinds.includes('volume') || kinds.includes('server');
  return hasDisks && (method === 'cinder-backup' || (method === 'auto' && store === undefined));
}

function ofRhythm({ name, every, maxAge }: PlanEntry): string[] {
  return maxAge !== undefined && hoursOf(maxAge) === hoursOf(every)
    ? [
        `${quoted(name)}: max-age is the same as every (${every}): the report fails each night until the run has ended; make max-age half as long again`,
      ]
    : [];
}

function ofChain(entry: PlanEntry, plan: PlanFile, now: number): string[] {
  const { name, every, maxChain, keep } = entry;
  if (keep === undefined || maxChain === 1 || !makesChains(entry, plan)) return [];
  const hours = hoursOf(every);
  const [span, window] = [maxChain * hours, denseWindowOf(keep.policy, hours)];
  if (span <= window) return [];
  const { most, byRules } = heldInTheLongRun(keep, every, maxChain, plan.zone, now);
  const further =
    horizonOf(keep.policy, hours) === 0 ? 'points that have a tag' : 'points that are further apart';
  const kept =
    window === 0
      ? `keep only ${further}`
      : `keep ${hours < 24 ? 'every point' : 'one a day'} for only ${days(window)}`;
  return [
    `${quoted(name)}: a chain of ${maxChain} backups (max-chain) spans ${days(span)}, but the rules ${kept}: a chain stays while one of its backups does, so up to ${most} backups of a volume stay, although the rules need only ${byRules}; lower max-chain`,
  ];
}

function ofPublication({ publish, entries }: PlanFile, artifactDays: number = ARTIFACT_DAYS): string[] {
  if (publish.some((place) => place !== 'artifact')) return [];
  const kept = entries.map(({ keep, every }) =>
    // A tag keeps its point for ever.
    keep === undefined || keep.policy.tags !== undefined
      ? Number.POSITIVE_INFINITY
      : horizonOf(keep.policy, hoursOf(every)) / 24,
  );
  const longest = Math.max(...kept);
  if (longest <= artifactDays) return [];
  const what = publish.length === 0 ? 'publish is not given, so in a workflow manifests go' : 'manifests go';
  return [
    `${what} to artifacts only, which expire after ${counted(artifactDays, 'day')}, and ${longest === Number.POSITIVE_INFINITY ? 'backups stay until somebody deletes them' : `backups are kept for ${counted(Math.round(longest), 'day')}`}: write publish: [release]`,
  ];
}

function ofKeep({ entries }: PlanFile): string[] {
  const without = entries.filter(({ keep }) => keep === undefined).map(({ name }) => quoted(name));
  return without.length === 0
    ? []
    : [
        `${without.join(', ')}: there is no keep, so nothing is ever deleted, and the quota will be full one day`,
      ];
}

function ofExclusion(exclusion: Exclusion, zone: string, now: number): string[] {
  const { reason, until } = exclusion;
  return holds(exclusion, zone, now)
    ? []
    : [`the exclusion "${reason}" ended on ${until}, and excludes nothing any more`];
}

/** Whether an exclusion still holds: it ends with its last day, in the plan's zone. */
export function holds({ until }: Exclusion, zone: string, now: number): boolean {
  return until === undefined || now < DateTime.fromISO(until, { zone }).plus({ days: 1 }).toMillis();
}

function days(hours: number): string {
  if (hours < 48) return counted(Math.round(hours), 'hour');
  return counted(Math.round(hours / 24), 'day');
}
