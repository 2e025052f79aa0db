import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { quoted } from '../text/escape.ts';
import { readTags, type Tags } from './backup-tags.ts';
import type { Holdings } from './holdings.ts';
import { isAbandoned, type Liveness, type Owner, parseOwner } from './owner.ts';
import type { Removable } from './remove.ts';
import { parseTemporary, readTemporary, TEMPORARY_METADATA } from './tags.ts';

/** Something that a dead run left, and what becomes of it. */
export type Leftover =
  /** A whole backup that stands in no manifest yet: it is taken up, never thrown away. */
  | { readonly kind: 'backup'; readonly action: 'adopt'; readonly backup: Backup; readonly tags: Tags }
  | (Removable & { readonly action: 'delete' | 'wait' });

/** Statuses in which the cloud is at work, and users can neither delete nor use the thing. */
const BUSY = new Set([
  'creating',
  'downloading',
  'uploading',
  'restoring-backup',
  'deleting',
  'restoring',
  'backing-up',
]);

/**
 * What dead runs left, judged by what they recorded on it. Never by the look of a name.
 *
 * @param liveness asked once an owner
 */
export async function findLeftovers(
  holdings: Holdings,
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
  for (const backup of holdings.backups) {
    const tags = readTags(backup);
    if (tags?.state === 'started' && (await abandoned(tags.owner, tags.expires)))
      found.push(leftBackup(backup, tags));
  }
  for (const thing of temporariesOf(holdings)) {
    const { owner, expires } = thing.record;
    if (await abandoned(owner, expires)) found.push(leftThing(thing));
  }
  return found;
}

/**
 * Those of the found that are left over still, as they are in a later listing. A run may have finished something between
 * the listing and its own end, after which it was found dead: what it finished carries no record any more.
 *
 * @param later listed after all owners were found dead
 */
export function stillLeft(found: readonly Leftover[], later: Holdings): Leftover[] {
  const before = new Set(found.map(keyOf));
  const backups = later.backups.flatMap((backup) => {
    const tags = readTags(backup);
    return tags?.state === 'started' ? [leftBackup(backup, tags)] : [];
  });
  return [...backups, ...temporariesOf(later).map(leftThing)].filter((leftover) =>
    before.has(keyOf(leftover)),
  );
}

function keyOf(leftover: Leftover): string {
  return `${leftover.kind} ${leftover.action === 'adopt' ? leftover.backup.id : leftover.id}`;
}

function leftThing(thing: Removable): Leftover {
  return { ...thing, action: BUSY.has(thing.status) ? 'wait' : 'delete' };
}

function leftBackup(backup: Backup, tags: Tags): Leftover {
  if (backup.status === 'available') return { kind: 'backup', action: 'adopt', backup, tags };
  const { id, status } = backup;
  return { kind: 'backup', id, name: '', status, action: BUSY.has(status) ? 'wait' : 'delete' };
}

/** Everything that carries a record of a temporary, a living run's too. */
export function temporariesOf({ volumes, snapshots, images, secrets, servers }: Omit<Holdings, 'backups'>) {
  const kinds = {
    server: servers.map((server) => ({ ...server, properties: server.metadata })),
    image: images,
    volume: volumes,
    snapshot: snapshots,
    secret: secrets.map((secret) => ({ ...secret, description: secret.metadata[TEMPORARY_METADATA] })),
  } as const;
  return (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) =>
    kinds[kind].flatMap((thing) => {
      const record = readTemporary(thing);
      const { id, name, status } = thing;
      return record === undefined ? [] : [{ kind, id, name: name ?? '', status, record }];
    }),
  );
}

/** "volume "db" (5f2c…, error)", for messages. A record is no name that anybody gave. */
export function nameOf({ kind, id, name, status }: Removable): string {
  const given = name === '' || parseTemporary(name) !== undefined ? '' : ` ${quoted(name)}`;
  return `${kind}${given} (${id}, ${status})`;
}
