import type { Kind } from '../manifest/points.ts';
import type { Method } from '../plan/method.ts';
import { parseSelectors, type Selector } from '../plan/select.ts';
import type { Duration } from '../retention/duration.ts';
import type { Policy } from '../retention/policy.ts';
import { parseTagList } from '../retention/tag-list.ts';
import type { BackUpText, DrillText, ExcludeText, FAIL_ON, KeepText, PlanText } from './schema.ts';

/** The contents of `.github/openstack-backup.yml`, with defaults filled in. A plain record. */
export interface PlanFile {
  readonly cloud: string | undefined;
  /** Id. */
  readonly project: string;
  readonly region: string | undefined;
  /** A name of the time zone database. */
  readonly zone: string;
  /** Empty means the default. */
  readonly publish: readonly string[];
  readonly recipients: readonly string[];
  readonly store: string | undefined;
  /** In how many runs a disk is sent to the store again; undefined: never. */
  readonly refresh: number | undefined;
  /** Ids of restore points whose changes somebody has accepted. */
  readonly accept: readonly string[];
  readonly keep: Keep | undefined;
  /** The first entry that matches a resource takes it. */
  readonly entries: readonly PlanEntry[];
  readonly exclusions: readonly Exclusion[];
  readonly failOn: readonly FailOn[];
  readonly issue: boolean;
  readonly drill: DrillWish | undefined;
}

export type FailOn = (typeof FAIL_ON)[number];

/** How often to prove that a restore works, and how. */
export interface DrillWish {
  readonly every: Duration;
  readonly pick: 'random' | 'latest';
  readonly level: 'bytes' | 'volume' | 'boot';
  /** Undefined: no limit. */
  readonly maxGigabytes: number | undefined;
  /** As in the file: "1h30min". */
  readonly rto: string | undefined;
  readonly maxAge: Duration | undefined;
  /** By hand. Undefined: as often and as far as the others. */
  readonly byHand?: { readonly every: Duration; readonly level: 'bytes' | 'volume' };
}

/** Which points stay. */
export interface Keep {
  readonly policy: Policy;
  readonly minCopies: number;
  readonly gone: Duration | undefined;
}

/** An entry of `back-up`. */
export interface PlanEntry {
  readonly name: string;
  readonly selectors: readonly Selector[];
  readonly kinds: readonly Kind[];
  /** Takes its resources even if an earlier entry does. */
  readonly also: boolean;
  readonly method: 'auto' | Method;
  readonly maxChain: number;
  /** Whether images and root disks of other formats are stored as raw. */
  readonly raw: boolean;
  readonly every: Duration;
  /** Undefined means one and a half times `every`. */
  readonly maxAge: Duration | undefined;
  readonly consistency: 'best' | 'quiesced';
  /** The entry's own, else the plan's; undefined deletes nothing, ever. */
  readonly keep: Keep | undefined;
}

export interface Exclusion {
  readonly selectors: readonly Selector[];
  readonly kinds: readonly Kind[];
  readonly reason: string;
  /** The last day on which it holds, in the plan's zone: "2027-06-30". */
  readonly until: string | undefined;
}

const ALL: readonly Kind[] = ['server', 'volume', 'image', 'secret'];

/** The kinds of an entry that names none: all that the plan has a place for. */
export function usualKinds({ store, recipients }: Pick<PlanText, 'store' | 'recipients'>): Kind[] {
  if (store === undefined) return ['server', 'volume'];
  return recipients === undefined ? ['server', 'volume', 'image'] : [...ALL];
}

/** Requires a text without problems. */
export function planFileOf(text: PlanText): PlanFile {
  const { report, exclude = [] } = text;
  const keep = keepOf(text.keep);
  return {
    cloud: text.cloud,
    project: text.project,
    region: text.region,
    zone: text.timezone ?? 'UTC',
    publish: text.publish ?? [],
    recipients: text.recipients ?? [],
    store: text.store,
    refresh: text.refresh,
    accept: text.accept ?? [],
    keep,
    entries: text['back-up'].map((entry) => entryOf(entry, usualKinds(text), keep)),
    exclusions: exclude.map(exclusionOf),
    failOn: report?.['fail-on'] ?? [
      'uncovered',
      'stale',
      'failing',
      ...(text.drill?.['max-age'] === undefined ? [] : (['unproved'] as const)),
    ],
    issue: report?.issue ?? false,
    drill: text.drill && drillOf(text.drill),
  };
}

function drillOf(text: DrillText): DrillWish {
  const byHand = text['by-hand'];
  return {
    every: text.every,
    pick: text.pick ?? 'random',
    level: text.level ?? 'bytes',
    maxGigabytes: text['max-gigabytes'],
    rto: text.rto,
    maxAge: text['max-age'],
    ...(byHand && { byHand: { every: byHand.every, level: byHand.level ?? 'bytes' } }),
  };
}

function entryOf(text: BackUpText, kinds: readonly Kind[], keep: Keep | undefined): PlanEntry {
  return {
    name: text.name,
    selectors: selectorsOf(text.select),
    kinds: text.kinds ?? kinds,
    also: text.also ?? false,
    method: text.method ?? 'auto',
    maxChain: text['max-chain'] ?? 7,
    raw: text.raw ?? false,
    every: text.every,
    maxAge: text['max-age'],
    consistency: text.consistency ?? 'best',
    keep: keepOf(text.keep) ?? keep,
  };
}

function exclusionOf({ select, kinds, reason, until }: ExcludeText): Exclusion {
  return { selectors: selectorsOf(select), kinds: kinds ?? ALL, reason, until };
}

function selectorsOf(select: string | readonly string[]): Selector[] {
  // The kind only matters for messages.
  return parseSelectors('volume', typeof select === 'string' ? [select] : select);
}

function keepOf(text: KeepText | undefined): Keep | undefined {
  if (text === undefined) return undefined;
  const { 'min-copies': minCopies = 2, gone, tag, ...rules } = text;
  const words = Object.entries(rules).map(([name, value]) => [
    name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const tags = tag === undefined ? {} : { tags: [tag].flat().map(parseTagList) };
  return { policy: { ...(Object.fromEntries(words) as Policy), ...tags }, minCopies, gone };
}
