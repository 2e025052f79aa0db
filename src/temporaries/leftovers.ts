import { POINT_TAG, readTags, type Tags } from '../chain/tags.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { isAbandoned, type Liveness, type Owner, parseOwner } from '../ports/owner.ts';
import { quoted } from '../text/escape.ts';
import type { Looked } from './holdings.ts';
import type { Removable } from './remove.ts';
import { parseTemporary } from './tags.ts';
import { madeTogether, type Temporary, temporariesOf } from './things.ts';
import { isNotBegun } from './unfinished-name.ts';

/** Something that an interrupted run left, and what happens to it. */
export type Leftover =
  /** A complete backup that is in no manifest yet: adopted, never thrown away. */
  | { readonly kind: 'backup'; readonly action: 'adopt'; readonly backup: Backup; readonly tags: Tags }
  /** A complete backup with tags that may be a copy of another backup's. */
  | {
      readonly kind: 'backup';
      readonly action: 'doubt';
      readonly backup: Backup;
      readonly tags: Tags;
      readonly why: string;
    }
  /**
   * A backup that a run left to the cloud and that failed: the next run that backs up reports why, and removes it if
   * its maker is dead.
   */
  | {
      readonly kind: 'backup';
      readonly action: 'failed';
      readonly backup: Backup;
      readonly tags: Tags;
      readonly removable: boolean;
    }
  /** Useless, so removed (`delete`); or the cloud still works on it, and a later run sees how that ends (`wait`). */
  | (Removable & { readonly action: 'delete' | 'wait'; readonly handedOver?: boolean })
  /** Complete, in use, or perhaps only a copy of ours: a person has to decide. */
  | (Temporary & { readonly action: 'tell'; readonly because: Because });

/** `empty` is a volume that no restore has written to yet. */
type Because = 'whole' | 'empty' | 'used' | 'doubt';

/** Statuses in which the cloud is at work on a backup, and users can neither delete nor use it. */
const BUSY = new Set(['creating', 'deleting', 'restoring']);

/**
 * What interrupted runs left, judged by the records on it. A name alone never decides.
 *
 * @param liveness asked once per owner
 * @param now milliseconds since the epoch, by the cloud's clock
 */
export async function findLeftovers(
  holdings: Looked,
  liveness: (owner: Owner) => Promise<Liveness>,
  now: number,
): Promise<Leftover[]> {
  const asked = new Map<string, Promise<Liveness>>();
  const abandoned = async (word: string, expires: number) => {
    const owner = parseOwner(word);
    if (!asked.has(word)) asked.set(word, owner === undefined ? Promise.resolve('unknown') : liveness(owner));
    return isAbandoned((await asked.get(word)) ?? 'unknown', expires, now);
  };
  const found: Leftover[] = [];
  for (const backup of holdings.backups) {
    const tags = readTags(backup);
    if (tags?.state !== 'started') continue;
    // A backup left to the cloud may be recorded even while its maker lives, but only be deleted once its maker is
    // dead.
    const settled = tags.handedOver && (backup.status === 'available' || BUSY.has(backup.status));
    const isAlone = settled || (await abandoned(tags.owner, Date.parse(tags.expires ?? '')));
    if (!isAlone && !tags.handedOver) continue;
    const why = doubtOf(backup, tags, holdings.backups);
    if (why === undefined) found.push(leftBackup(backup, tags, isAlone));
    else if (why !== '' && backup.status === 'available')
      found.push({ kind: 'backup', action: 'doubt', backup, tags, why });
  }
  for (const thing of temporariesOf(holdings))
    if (await abandoned(thing.record.owner, thing.record.expires)) found.push(judged(thing));
  return found;
}

/** Decides about a thing whose maker is dead. When in doubt, it stays. */
export function judged(thing: Temporary): Leftover {
  const { original, progress, record } = thing;
  const tell = (because: Because) => ({ ...thing, action: 'tell' as const, because });
  if (original === 'doubtful') return tell('doubt');
  if (progress === 'busy') return { ...thing, action: 'wait' };
  if (progress === 'used') return tell('used');
  if (progress === 'incomplete') return { ...thing, action: 'delete' };
  if (record.purpose === 'result') return tell(isNotBegun(thing.name) ? 'empty' : 'whole');
  return original === 'proved' ? { ...thing, action: 'delete' } : tell('doubt');
}

/**
 * Why tags that name no backup yet may be a copy of another backup's tags; `things.ts` asks the same of records.
 *
 * @returns undefined if they are its own; empty if they are surely a copy, since the original is recorded
 */
export function doubtOf(backup: Backup, tags: Tags, all: readonly Backup[]): string | undefined {
  if (tags.backup !== undefined) return undefined;
  const others = all.filter(({ id, metadata }) => id !== backup.id && metadata[POINT_TAG] === tags.point);
  if (others.some((other) => readTags(other)?.state === 'recorded')) return '';
  if (others.length > 0)
    return `it shares its tags with backup ${others.map(({ id }) => id).join(' and ')}, and one of them is a copy`;
  if (madeTogether(backup.createdAt, Date.parse(tags.made ?? ''))) return undefined;
  return `its tags were made at ${tags.made ?? 'an unknown time'}, but it was created at ${backup.createdAt}`;
}

function leftBackup(backup: Backup, tags: Tags, isAlone: boolean): Leftover {
  const { id, status } = backup;
  const { handedOver } = tags;
  if (status === 'available') return { kind: 'backup', action: 'adopt', backup, tags };
  if (status === 'error' && handedOver)
    return { kind: 'backup', action: 'failed', backup, tags, removable: isAlone };
  const action = BUSY.has(status) || !isAlone ? 'wait' : 'delete';
  return { kind: 'backup', id, name: '', status, action, handedOver };
}

/** "volume "db" (5f2c…, error)", for messages. A record in place of a name is left out. */
export function nameOf({ kind, id, name, status }: Removable): string {
  const given = name === '' || parseTemporary(name) !== undefined ? '' : ` ${quoted(name)}`;
  return `${kind}${given} (${id}, ${status})`;
}
