import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { counted } from '../text/words.ts';
import { POINT_TAG, readTags, type Tags } from './tags.ts';

export type Mode = 'auto' | 'full' | 'incremental';

export type ChainDecision =
  | { readonly mode: 'full'; readonly reason: string }
  | {
      readonly mode: 'incremental';
      readonly reason: string;
      readonly chain: string;
      readonly position: number;
      readonly parent: string;
    }
  /** `mode: incremental` was asked for and is impossible. */
  | { readonly mode: 'impossible'; readonly reason: string };

/**
 * Decides between full and increment, and why. Cinder always takes the newest available backup of the volume in the
 * caller's project, by `data_timestamp`, as the parent: so an increment is right only if that backup ends a complete
 * chain of ours. https://github.com/openstack/cinder/blob/master/cinder/backup/api.py `create`
 *
 * @param backups all backups of the volume in the project, foreign ones too
 * @param size the volume's size now, GiB
 * @param maxChain the most backups in a chain, with the full one
 * @param snapshotAt when the snapshot to back up was taken: only earlier backups can be its parent
 */
export function decideChain(
  mode: Mode,
  backups: readonly Backup[],
  size: number,
  maxChain: number,
  snapshotAt?: string,
): ChainDecision {
  if (mode === 'full') return { mode: 'full', reason: 'a full backup was requested' };
  const earlier =
    snapshotAt === undefined ? backups : backups.filter(({ dataTimestamp }) => dataTimestamp < snapshotAt);
  const increment = incrementOn(earlier, size, maxChain);
  if (typeof increment !== 'string') return increment;
  return mode === 'auto' ? { mode: 'full', reason: increment } : { mode: 'impossible', reason: increment };
}

/** The increment, or why it is impossible. */
function incrementOn(backups: readonly Backup[], size: number, maxChain: number): ChainDecision | string {
  const parent = newestAvailable(backups);
  if (parent === undefined) return 'the volume has no backup yet';
  const tags = readTags(parent);
  if (tags === undefined)
    return `the newest backup, ${parent.id}, was not made by openstack-backup, and Cinder would use it as the parent`;
  const twin = sharesTags(parent, tags, backups);
  if (twin !== undefined)
    return `the newest backup, ${parent.id}, shares its tags with backup ${twin.id}, and one of them is a copy`;
  if (parent.size < size)
    return `the volume has grown from ${parent.size} to ${size} GiB since its last backup`;
  const gap = gapIn(tags, parent, backups);
  if (gap !== undefined) return gap;
  if (tags.position + 1 >= maxChain)
    return `the chain has ${counted(tags.position + 1, 'backup')}, and max-chain is ${maxChain}`;
  return {
    mode: 'incremental',
    reason: `the chain since the full backup has ${tags.position + 1} of at most ${maxChain} backups`,
    chain: tags.chain,
    position: tags.position + 1,
    parent: parent.id,
  };
}

/** Another backup with the same tags, if those name no backup: either may be somebody else's, who may delete it. */
function sharesTags({ id }: Backup, tags: Tags, backups: readonly Backup[]): Backup | undefined {
  if (tags.backup !== undefined) return undefined;
  return backups.find((other) => other.id !== id && other.metadata[POINT_TAG] === tags.point);
}

/**
 * Cinder's order: by the time of the data, in whole seconds, then the first of its list, which it sorts by creation
 * time and id, descending: `_backup_get_all` in
 * https://github.com/openstack/cinder/blob/master/cinder/db/sqlalchemy/api.py
 */
export function isNewer(one: Aged, other: Aged): boolean {
  for (const key of ['dataTimestamp', 'createdAt', 'id'] as const)
    if (one[key] !== other[key]) return one[key] > other[key];
  return false;
}

type Aged = Pick<Backup, 'id' | 'createdAt' | 'dataTimestamp'>;

export function newestAvailable(backups: readonly Backup[]): Backup | undefined {
  return backups
    .filter(({ status }) => status === 'available')
    .reduce<Backup | undefined>(
      (newest, backup) => (newest === undefined || isNewer(backup, newest) ? backup : newest),
      undefined,
    );
}

/** What shows a backup's place in a chain. */
type Link = Pick<Backup, 'id' | 'status' | 'incremental' | 'metadata'>;

/** What is missing below our backup: deleted by hand, failed, or replaced. */
export function gapIn(tags: Tags, backup: Link, backups: readonly Link[]): string | undefined {
  const byId = new Map(backups.map((candidate) => [candidate.id, candidate]));
  let [child, childTags] = [backup, tags];
  while (childTags.parent !== undefined) {
    const parent = byId.get(childTags.parent);
    if (parent === undefined) return `backup ${childTags.parent}, which ${child.id} needs, is gone`;
    const parentTags = readTags(parent);
    if (parent.status !== 'available')
      return `backup ${parent.id}, which ${child.id} needs, is ${parent.status}`;
    if (
      parentTags === undefined ||
      parentTags.chain !== tags.chain ||
      parentTags.position !== childTags.position - 1
    )
      return `the tags of backup ${parent.id} do not fit its chain`;
    [child, childTags] = [parent, parentTags];
  }
  if (childTags.position !== 0 || child.incremental)
    return `backup ${child.id} is the first of its chain, but not a full backup`;
  return undefined;
}
