import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { tagsAsMade } from './parent.ts';
import { readTags, type Tags } from './tags.ts';

/** A whole backup that no manifest names, and what our tags on it say. */
export interface Unrecorded {
  readonly backup: Backup;
  readonly tags: Tags;
}

/**
 * What is true of a backup that a run left: its tags by what the cloud made of it. Or why it is not ours to take up:
 * whoever copies a backup's metadata to another one copies our tags too.
 *
 * @param all the project's backups
 */
export function adoptable(
  { backup, tags }: Unrecorded,
  all: readonly Backup[],
): { readonly tags: Tags } | { readonly why: string } {
  const same = all.filter((other) => other.id !== backup.id && readTags(other)?.point === tags.point);
  const recorded = same.find((other) => readTags(other)?.state === 'recorded');
  if (recorded !== undefined) return { why: `its tags are a copy of those of backup ${recorded.id}` };
  const doubles = same.filter((other) => isSaidOurs(other, tags) || !isSaidOurs(backup, tags));
  if (doubles.length > 0)
    return {
      why: `it shares its tags with backup ${doubles.map(({ id }) => id).join(' and ')}, and one of them is a copy`,
    };
  const made = tagsAsMade(backup, tags, all);
  return made === undefined ? { why: 'it is an increment of an unknown backup' } : { tags: made };
}

/** What we say of a backup where it is not copied with its metadata. */
export function describedAs(run: string): string {
  return `made by openstack-backup, run ${run}`;
}

function isSaidOurs({ description }: Backup, { run }: Tags): boolean {
  return description === describedAs(run);
}
