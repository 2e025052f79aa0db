import { toldBeingMade } from '../chain/being-made.ts';
import { newestAvailable } from '../chain/chain.ts';
import { readTags } from '../chain/tags.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { quoted } from '../text/escape.ts';
import type { Assignment } from './assign.ts';
import { ageOf, type Duty, isStale } from './due.ts';
import type { DrillWish, FailOn } from './plan-file.ts';
import { isUnproved, type Proof, provedWords, restoreWords } from './proof.ts';
import { keyOf, type Resource } from './resource.ts';
import type { SavedPoint } from './saved.ts';
import { exclusionWords } from './words.ts';

export type Status = 'covered' | 'stale' | 'failing' | 'uncovered' | 'excluded';

/** One resource, and how one entry covers it. A plain record. */
export interface Coverage {
  readonly kind: Resource['kind'];
  readonly id: string;
  readonly name: string;
  /** Empty if no entry takes it. */
  readonly entry: string;
  readonly status: Status;
  /** When its newest good point was taken. ISO 8601. */
  readonly newest: string | undefined;
  readonly why: string;
  /** The error of the last run that tried, for a resource that is failing. */
  readonly error: string | undefined;
  /** Undefined if it is not encrypted. */
  readonly key: 'saved' | 'unsaved' | undefined;
  /** The length of the chain of Cinder backups: "7 of 7". */
  readonly chain: string | undefined;
  /** The deepest that a good point was verified, and how old the newest such point is: "L1a, 3 d old". */
  readonly verified?: string;
  /** How deep the newest drill that passed proved it, and when: "L3, 2 d ago", with what is wrong about that. */
  readonly proved?: string;
  /** How long restores took in drills, half of them and 95 %. */
  readonly restore?: string;
  /** The same in seconds, for programs, and how many drills it is of. */
  readonly restoreSeconds?: Proof['restore'];
  /** Set if the newest proof is older than the plan's `max-age` of drills. */
  readonly unproved?: true;
  /**
   * Set if it was never saved and its first backup has been under way for less than `max-age`: nothing is wrong yet.
   */
  readonly begun?: true;
}

export interface Seen {
  readonly assignments: readonly Assignment[];
  readonly duties: readonly Duty[];
  readonly points: readonly SavedPoint[];
  /** The last failure of each resource, by kind and id. Milliseconds. */
  readonly failures: ReadonlyMap<string, { readonly time: number; readonly error: string }>;
  /** The project's backups. */
  readonly backups: readonly Backup[];
  readonly zone: string;
  /** What drills prove, by kind and id. */
  readonly proofs?: ReadonlyMap<string, Proof>;
  readonly drill?: DrillWish | undefined;
  /** Milliseconds, by the cloud's clock. */
  readonly now: number;
}

/** How each resource of a project is covered. */
export function coverageOf(seen: Seen): Coverage[] {
  const known = knownFrom(seen);
  return seen.assignments.flatMap(({ resource, exclusion, within }): Coverage[] => {
    const plain = bareRow(resource, known, seen.now);
    if (exclusion !== undefined) return [{ ...plain, status: 'excluded', why: exclusionWords(exclusion) }];
    const own = known.duties.get(keyOf(resource)) ?? [];
    // A disk is drilled with its server, or by itself: its server's row says whether that is wanted.
    const isDisk = own.length > 0 && own.every(({ entry }) => within.has(entry.name));
    const bare = { ...plain, ...proofRow(resource, isDisk, seen) };
    if (own.length > 0)
      return own.map((duty) => ({ ...bare, ...byDuty(duty, seen, known), ...chainOf(duty, known) }));
    const servers = resource.kind === 'volume' ? (known.servers.get(resource.id) ?? []) : [];
    if (servers.length > 0) return servers.map((duty) => ({ ...plain, ...withServer(duty, seen, known) }));
    // A key is reported with what it encrypts.
    if (resource.kind === 'secret' && known.used.has(resource.id)) return [];
    return [{ ...plain, status: 'uncovered', why: 'no entry of the plan matches it' }];
  });
}

/** Indexes what was seen, for the rows to look up. */
function knownFrom({ assignments, duties, points, backups }: Seen) {
  return {
    duties: Map.groupBy(duties, ({ resource }) => keyOf(resource)),
    servers: dutiesByDisk(duties),
    keys: savedKeysIn(points),
    proved: Map.groupBy(
      points.filter(({ good, verified }) => good && verified !== undefined),
      ({ kind, resource }) => keyOf({ kind, id: resource }),
    ),
    broken: Map.groupBy(
      points.filter(({ broken }) => broken !== undefined),
      ({ kind, resource }) => keyOf({ kind, id: resource }),
    ),
    /** Ids of the keys that the project's resources use. */
    used: new Set(assignments.map(({ resource: { keyId } }) => keyId)),
    backups: Map.groupBy(backups, ({ volumeId }) => volumeId),
  };
}

type Known = ReturnType<typeof knownFrom>;

/** The duties of servers, by the id of each of their volumes: a server is saved with its disks. */
export function dutiesByDisk(duties: readonly Duty[]): ReadonlyMap<string, readonly Duty[]> {
  const all = duties.flatMap((duty) => duty.resource.volumes.map((volume) => ({ volume, duty })));
  const byVolume = Map.groupBy(all, ({ volume }) => volume);
  return new Map([...byVolume].map(([volume, of]) => [volume, of.map(({ duty }) => duty)]));
}

/** The part of a row that does not depend on an entry. */
function bareRow(
  resource: Resource,
  { keys, proved }: Pick<Known, 'keys' | 'proved'>,
  now: number,
): Omit<Coverage, 'status' | 'why'> {
  const { kind, id, name } = resource;
  const key = keyStateOf(resource, keys);
  const verified = verifiedWords(proved.get(keyOf(resource)) ?? [], now);
  const bare = { kind, id, name, entry: '', newest: undefined, error: undefined, key, chain: undefined };
  return verified === undefined ? bare : { ...bare, verified };
}

function proofRow(
  resource: Resource,
  isDisk: boolean,
  { proofs, drill, zone, now }: Seen,
): Pick<Coverage, 'proved' | 'restore' | 'restoreSeconds' | 'unproved'> {
  const proof = proofs?.get(keyOf(resource));
  const unproved = !isDisk && isUnproved(proof, drill, zone, now);
  const restore = restoreWords(proof, drill?.rto);
  const words = provedWords(proof, now) ?? (unproved ? 'never drilled' : undefined);
  const isOld = unproved && proof?.newest !== undefined;
  return {
    ...(words !== undefined && { proved: isOld ? `${words}: longer than ${drill?.maxAge}` : words }),
    ...(restore !== undefined && { restore, restoreSeconds: proof?.restore }),
    ...(unproved && { unproved }),
  };
}

function verifiedWords(proved: readonly SavedPoint[], now: number): string | undefined {
  const depth = ({ verified = '' }: SavedPoint) => verified;
  const [best] = proved.toSorted((a, b) =>
    depth(a) < depth(b) ? 1 : depth(a) > depth(b) ? -1 : b.time - a.time,
  );
  return best && `${depth(best)}, ${ageOf(best.time, now)} old`;
}

function byDuty(
  duty: Duty,
  { failures, zone, now }: Seen,
  { broken }: Pick<Known, 'broken'>,
): Pick<Coverage, 'entry' | 'newest' | 'status' | 'why' | 'error' | 'begun'> {
  const { resource, entry, newest, underWay } = duty;
  const own = {
    entry: entry.name,
    newest: newest === undefined ? undefined : new Date(newest).toISOString(),
  };
  const age = newest === undefined ? 'never saved' : `${ageOf(newest, now)} old`;
  const lost = brokenWords(broken.get(keyOf(resource)) ?? [], newest);
  const made = `${underWay === undefined ? '' : `, ${toldBeingMade(underWay)}`}${lost}`;
  const failure = failures.get(keyOf(resource));
  if (failure !== undefined && failure.time > (newest ?? 0))
    return { ...own, status: 'failing', why: `${age}${made}`, error: failure.error };
  const rest = { why: `${age}, every ${entry.every}${made}`, error: undefined };
  if (!isStale(duty, zone, now)) return { ...own, ...rest, status: 'covered' };
  const isBegun =
    newest === undefined &&
    underWay !== undefined &&
    !isStale({ ...duty, newest: Date.parse(underWay.since) }, zone, now);
  return { ...own, ...rest, status: 'stale', ...(isBegun ? { begun: true } : {}) };
}

/** What is wrong with the newest point, if a good one would be newer than those that there are. */
function brokenWords(points: readonly SavedPoint[], newest: number | undefined): string {
  const [last] = points.filter(({ time }) => time > (newest ?? 0)).sort((a, b) => b.time - a.time);
  return last === undefined ? '' : `; that of ${new Date(last.time).toISOString()} is broken: ${last.broken}`;
}

function withServer(duty: Duty, seen: Seen, known: Pick<Known, 'broken'>): ReturnType<typeof byDuty> {
  const row = byDuty(duty, seen, known);
  return { ...row, why: `with server ${quoted(duty.resource.name)}: ${row.why}` };
}

/** Everything that explains a status. */
export function reasonOf({ why, error }: Pick<Coverage, 'why' | 'error'>): string {
  return error === undefined ? why : `${why}; ${error}`;
}

/** A row for programs. */
export function coverageRecord({ error, ...row }: Coverage): Omit<Coverage, 'error'> {
  return { ...row, why: reasonOf({ why: row.why, error }) };
}

interface SavedKeys {
  /** Resources with a good point whose key was saved with it, by kind and id. */
  readonly users: ReadonlySet<string>;
  /** Ids of keys that were saved by themselves. */
  readonly keys: ReadonlySet<string>;
}

function savedKeysIn(points: readonly SavedPoint[]): SavedKeys {
  const good = points.filter((point) => point.good);
  return {
    users: new Set(
      good.filter(({ key }) => key === 'saved').map(({ kind, resource }) => keyOf({ kind, id: resource })),
    ),
    keys: new Set(good.filter(({ kind }) => kind === 'secret').map(({ resource }) => resource)),
  };
}

function keyStateOf(resource: Resource, { users, keys }: SavedKeys): Coverage['key'] {
  if (!resource.encrypted) return undefined;
  const isSaved = users.has(keyOf(resource)) || (resource.keyId !== undefined && keys.has(resource.keyId));
  return isSaved ? 'saved' : 'unsaved';
}

/** The chain of the newest backup, which the next increment would need. */
function chainOf({ resource, entry }: Duty, { backups }: Known): Pick<Coverage, 'chain'> {
  const newest = resource.kind === 'volume' ? newestAvailable(backups.get(resource.id) ?? []) : undefined;
  const tags = newest && readTags(newest);
  return { chain: tags === undefined ? undefined : `${tags.position + 1} of ${entry.maxChain}` };
}

/** What makes a report red. */
export function failuresIn(coverage: readonly Coverage[], failOn: readonly FailOn[]): Map<FailOn, number> {
  const counts = failOn.map((what): [FailOn, number] => [
    what,
    coverage.filter((one) => isRed(one, [what])).length,
  ]);
  return new Map(counts.filter(([, count]) => count > 0));
}

export function isRed({ status, key, begun, unproved }: Coverage, failOn: readonly FailOn[]): boolean {
  return failOn.some((what) => {
    if (what === 'unproved') return unproved === true;
    return what === 'unsaved-key' ? key === 'unsaved' && status !== 'excluded' : status === what && !begun;
  });
}
