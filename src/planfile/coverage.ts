import { newestAvailable } from '../chain/chain.ts';
import { readTags } from '../chain/tags.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { quoted } from '../text/escape.ts';
import type { Assignment } from './assign.ts';
import { ageOf, type Duty, isStale } from './due.ts';
import type { FailOn } from './plan-file.ts';
import { keyOf, type Resource } from './resource.ts';
import type { SavedPoint } from './saved.ts';

export type Status = 'covered' | 'stale' | 'failing' | 'uncovered' | 'excluded';

/** One resource, and how one entry covers it. A plain record. */
export interface Coverage {
  readonly kind: Resource['kind'];
  readonly id: string;
  readonly name: string;
  /** Empty where none takes it. */
  readonly entry: string;
  readonly status: Status;
  /** When its newest good point was taken. ISO 8601. */
  readonly newest: string | undefined;
  readonly why: string;
  /** Of what is encrypted. */
  readonly key: 'saved' | 'unsaved' | undefined;
  /** "7 of 7": how far the chain of Cinder backups is. */
  readonly chain: string | undefined;
}

export interface Seen {
  readonly assignments: readonly Assignment[];
  readonly duties: readonly Duty[];
  readonly points: readonly SavedPoint[];
  /** What failed last, by kind and id. Milliseconds. */
  readonly failures: ReadonlyMap<string, { readonly time: number; readonly error: string }>;
  /** Of the project. */
  readonly backups: readonly Backup[];
  readonly zone: string;
  /** Milliseconds, by the cloud's clock. */
  readonly now: number;
}

/** How each resource of a project is covered. */
export function coverageOf(seen: Seen): Coverage[] {
  const { assignments, duties, backups } = seen;
  const byResource = Map.groupBy(duties, ({ resource }) => keyOf(resource));
  const byVolume = Map.groupBy(backups, ({ volumeId }) => volumeId);
  const keys = savedKeysIn(seen.points);
  const used = new Set(assignments.map(({ resource: { keyId } }) => keyId));
  const servers = dutiesByDisk(duties);
  return assignments.flatMap((one): Coverage[] => {
    const { kind, id, name } = one.resource;
    const key = keyStateOf(one.resource, keys);
    const bare = { kind, id, name, entry: '', newest: undefined, key, chain: undefined };
    if (one.exclusion !== undefined) {
      const { reason, until } = one.exclusion;
      return [
        { ...bare, status: 'excluded', why: `${reason}${until === undefined ? '' : `, until ${until}`}` },
      ];
    }
    const own = byResource.get(keyOf(one.resource)) ?? [];
    // Whether it is saved is told with what it encrypts.
    if (own.length === 0 && kind === 'secret' && used.has(id)) return [];
    const around = own.length === 0 && kind === 'volume' ? (servers.get(id) ?? []) : [];
    if (around.length > 0)
      return around.map((duty) => {
        const { status, why } = statusOf(duty, seen);
        const told = `with server ${quoted(duty.resource.name)}: ${why}`;
        return { ...bare, status, entry: duty.entry.name, newest: newestOf(duty), why: told };
      });
    if (own.length === 0) return [{ ...bare, status: 'uncovered', why: 'no entry of the plan matches it' }];
    return own.map((duty) => ({
      ...bare,
      ...statusOf(duty, seen),
      entry: duty.entry.name,
      newest: newestOf(duty),
      chain: chainOf(duty, byVolume.get(id) ?? []),
    }));
  });
}

/** Those of servers, by the id of each of their volumes: a server is saved with its disks. */
function dutiesByDisk(duties: readonly Duty[]): ReadonlyMap<string, readonly Duty[]> {
  const all = duties.flatMap((duty) => duty.resource.volumes.map((volume) => ({ volume, duty })));
  const byVolume = Map.groupBy(all, ({ volume }) => volume);
  return new Map([...byVolume].map(([volume, of]) => [volume, of.map(({ duty }) => duty)]));
}

function newestOf({ newest }: Duty): string | undefined {
  return newest === undefined ? undefined : new Date(newest).toISOString();
}

function statusOf(duty: Duty, { failures, zone, now }: Seen): Pick<Coverage, 'status' | 'why'> {
  const failure = failures.get(keyOf(duty.resource));
  const age = duty.newest === undefined ? 'never saved' : `${ageOf(duty.newest, now)} old`;
  if (failure !== undefined && failure.time > (duty.newest ?? 0))
    return { status: 'failing', why: `${age}${FROM_ERROR}${failure.error}` };
  if (isStale(duty, zone, now)) return { status: 'stale', why: `${age}, every ${duty.entry.every}` };
  return { status: 'covered', why: `${age}, every ${duty.entry.every}` };
}

/** What the last run that tried said of one that is failing. */
export function errorIn({ status, why }: Pick<Coverage, 'status' | 'why'>): string | undefined {
  return status === 'failing' ? why.slice(why.indexOf(FROM_ERROR) + FROM_ERROR.length) : undefined;
}

/** Between its age and the error. */
const FROM_ERROR = '; ';

interface SavedKeys {
  /** What has a good point whose key was saved with it, by kind and id. */
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

/** Of the newest backup, which the next increment would stand on. */
function chainOf({ resource, entry }: Duty, backups: readonly Backup[]): string | undefined {
  const newest = resource.kind === 'volume' ? newestAvailable(backups) : undefined;
  const tags = newest && readTags(newest);
  return tags === undefined ? undefined : `${tags.position + 1} of ${entry.maxChain}`;
}

/** What of a report makes it red. */
export function failuresIn(coverage: readonly Coverage[], failOn: readonly FailOn[]): Map<FailOn, number> {
  const counts = failOn.map((what): [FailOn, number] => [
    what,
    coverage.filter((one) => isRed(one, [what])).length,
  ]);
  return new Map(counts.filter(([, count]) => count > 0));
}

export function isRed({ status, key }: Coverage, failOn: readonly FailOn[]): boolean {
  return failOn.some((what) =>
    what === 'unsaved-key' ? key === 'unsaved' && status !== 'excluded' : status === what,
  );
}
