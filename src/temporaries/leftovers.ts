import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import { readTags, type Tags } from './backup-tags.ts';
import { isAbandoned, type Liveness, type Owner, parseOwner } from './owner.ts';
import { readTemporary } from './tags.ts';

/** Something that a dead run left, and what becomes of it. */
export type Leftover =
  /** A whole backup that stands in no manifest yet: it is taken up, never thrown away. */
  | { readonly kind: 'backup'; readonly action: 'adopt'; readonly backup: Backup; readonly tags: Tags }
  | { readonly kind: 'backup'; readonly action: 'delete' | 'wait'; readonly backup: Backup }
  | { readonly kind: 'volume'; readonly action: 'delete' | 'wait'; readonly volume: Volume };

/** Statuses in which the cloud is at work, and users can neither delete nor use the thing. */
const BUSY = new Set(['creating', 'downloading', 'restoring-backup', 'deleting', 'restoring']);

/**
 * What dead runs left, judged by what they recorded on it. Never by a name.
 *
 * @param liveness asked once an owner
 */
export async function findLeftovers(
  backups: readonly Backup[],
  volumes: readonly Volume[],
  liveness: (owner: Owner) => Promise<Liveness>,
  now: number,
): Promise<Leftover[]> {
  const asked = new Map<string, Promise<Liveness>>();
  const abandoned = async (word: string, expires: string | undefined) => {
    const owner = parseOwner(word);
    if (!asked.has(word)) asked.set(word, owner === undefined ? Promise.resolve('unknown') : liveness(owner));
    return isAbandoned((await asked.get(word)) ?? 'unknown', expires, now);
  };
  const found: Leftover[] = [];
  for (const backup of backups) {
    const tags = readTags(backup);
    if (tags?.state === 'started' && (await abandoned(tags.owner, tags.expires)))
      found.push(leftBackup(backup, tags));
  }
  for (const volume of volumes) {
    const tags = readTemporary(volume);
    if (tags !== undefined && (await abandoned(tags.owner, tags.expires)))
      found.push({ kind: 'volume', action: BUSY.has(volume.status) ? 'wait' : 'delete', volume });
  }
  return found;
}

function leftBackup(backup: Backup, tags: Tags): Leftover {
  if (backup.status === 'available') return { kind: 'backup', action: 'adopt', backup, tags };
  return { kind: 'backup', action: BUSY.has(backup.status) ? 'wait' : 'delete', backup };
}
