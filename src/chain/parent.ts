import { randomUUID } from 'node:crypto';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { isNewer } from './chain.ts';
import { readTags, type Tags } from './tags.ts';

/**
 * The backup that Cinder took as the parent of an increment. Cinder does not show the parent, but says of each backup
 * whether others depend on it, and takes the newest that is available at the request: `has_dependent_backups` in
 * https://github.com/openstack/cinder/blob/master/cinder/api/views/backups.py
 *
 * @param recorded what our tags say
 * @param backups all backups of the volume, as they are now
 * @param before the same right before the increment was requested, if known
 */
export function parentOf<B extends Seen>(
  increment: Increment,
  recorded: string | undefined,
  backups: readonly B[],
  before: readonly Seen[] = [],
): B | undefined {
  const had = new Map(before.map(({ id, hasDependents }) => [id, hasDependents]));
  const parents = possibleParents(increment, backups);
  const ours = parents.find(({ id }) => id === recorded);
  const isNewParent = ours !== undefined && had.get(ours.id) === false;
  if (isNewParent && !hasRival(increment, ours, backups)) return ours;
  const among = isNewParent ? parents.filter(({ id }) => had.get(id) !== true) : parents;
  const newest = among.reduce<B | undefined>(
    (best, backup) => (best === undefined || isNewer(backup, best) ? backup : best),
    undefined,
  );
  // Both are of the same second, so the recorded one is as good a guess.
  return ours !== undefined && ours.dataTimestamp === newest?.dataTimestamp ? ours : newest;
}

/** Whether a run at the same time may have made an increment of the same parent: then ours may need that one. */
function hasRival(increment: Increment, parent: Seen, backups: readonly Seen[]): boolean {
  return backups.some(
    ({ id, volumeId, incremental, createdAt }) =>
      incremental &&
      id !== increment.id &&
      volumeId === increment.volumeId &&
      createdAt >= parent.createdAt &&
      createdAt <= increment.createdAt,
  );
}

type Increment = Pick<Backup, 'id' | 'volumeId' | 'createdAt'>;
type Seen = Increment & Pick<Backup, 'dataTimestamp' | 'hasDependents' | 'incremental'>;

function possibleParents<B extends Seen>(increment: Increment, backups: readonly B[]): B[] {
  return backups.filter(
    ({ id, volumeId, hasDependents, createdAt }) =>
      id !== increment.id &&
      volumeId === increment.volumeId &&
      hasDependents &&
      createdAt <= increment.createdAt,
  );
}

/**
 * Whether a list shows the increment's parent: it has dependents, and either had none before or is the intended one.
 */
export function isCounted(
  increment: Increment,
  recorded: string,
  backups: readonly Backup[],
  before: readonly Backup[],
): boolean {
  const hadSome = new Set(before.flatMap(({ id, hasDependents }) => (hasDependents ? [id] : [])));
  return possibleParents(increment, backups).some(({ id }) => id === recorded || !hadSome.has(id));
}

/**
 * The tags that a finished backup should have, by what the cloud made: maybe a full backup although an increment was
 * requested (Ceph does that if it has no base), or an increment of another backup than intended.
 *
 * @returns undefined for an increment whose parent is unknown
 */
export function tagsAsMade(
  backup: Backup,
  tags: Tags,
  backups: readonly Backup[],
  before?: readonly Backup[],
): Tags | undefined {
  if (!backup.incremental)
    return tags.parent === undefined && tags.position === 0
      ? tags
      : { ...tags, chain: randomUUID(), position: 0, parent: undefined };
  const parent = parentOf(backup, tags.parent, backups, before);
  if (parent === undefined) return tags.parent === undefined || tags.position === 0 ? undefined : tags;
  const above = readTags(parent);
  const [chain, position] = above === undefined ? [randomUUID(), 1] : [above.chain, above.position + 1];
  if (parent.id === tags.parent && tags.position > 0) {
    // The parent's own tags may have been corrected after the increment was requested.
    if (above === undefined || (tags.chain === chain && tags.position === position)) return tags;
  }
  return { ...tags, chain, position, parent: parent.id };
}
