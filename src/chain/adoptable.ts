import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { tagsAsMade } from './parent.ts';
import { readTags, type Tags } from './tags.ts';

/** A finished backup that no manifest lists, and our tags on it. */
export interface Unrecorded {
  readonly backup: Backup;
  readonly tags: Tags;
}

/**
 * Corrects the tags of a backup that a run left to what the cloud made. Or says why it is not ours to adopt: whoever
 * copies a backup's metadata copies our tags too.
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

/** Our mark in the description, which is not copied with the metadata. */
export function describedAs(run: string): string {
  return `made by openstack-backup, run ${run}`;
}

function isSaidOurs({ description }: Backup, { run }: Tags): boolean {
  return description === describedAs(run);
}
