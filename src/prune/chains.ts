import { parentOf } from '../chain/parent.ts';
import { readTags } from '../chain/tags.ts';
import type { CloudBackup } from './cloud.ts';
import type { Data } from './point.ts';

type BackupData = Extract<Data, { kind: 'backup' }>;

/** Backups that can only go together, and what keeps them all. */
export interface Chain {
  /** Ids of backups, with or without a point. */
  readonly members: ReadonlySet<string>;
  /** Why all of it stays: a backup that no point names is in it, or needs it. */
  readonly held: string | undefined;
}

/**
 * Joins the backups that need each other, by the manifests, our tags, and what the cloud says about dependents. Each id
 * is in exactly one chain.
 *
 * @param known the backups of all points
 */
export function chainsOf(known: readonly BackupData[], backups: readonly CloudBackup[]): Map<string, Chain> {
  const joined = new Joined();
  const held = new Map<string, string>();
  const ofPoints = new Set(known.map(({ id }) => id));
  const inCloud = parentsOf(backups);
  const there = new Set(backups.map(({ id }) => id));
  const parents = new Set([
    ...known.filter(({ id }) => there.has(id)).map(({ parent }) => parent),
    ...inCloud.values(),
  ]);
  for (const { id, chain, parent } of known) {
    joined.join(id, `chain ${chain}`);
    if (parent !== undefined) joined.join(id, parent);
  }
  for (const backup of backups) {
    const { id } = backup;
    const tags = readTags(backup);
    joined.join(id, tags === undefined ? id : `chain ${tags.chain}`);
    const parent = inCloud.get(id);
    if (parent !== undefined) joined.join(id, parent);
    if (!ofPoints.has(id)) held.set(id, whyHeld(id, tags !== undefined));
  }
  for (const { id, hasDependents } of backups)
    if (hasDependents && !parents.has(id)) held.set(id, `an unknown backup needs backup ${id}, in its chain`);
  return joined.groups((members) => [...members].flatMap((id) => held.get(id) ?? [])[0]);
}

/** The parent of each backup in the cloud, as far as our tags or the cloud's `has_dependent_backups` tell. */
export function parentsOf(backups: readonly CloudBackup[]): Map<string, string> {
  const byVolume = Map.groupBy(backups, ({ volumeId }) => volumeId);
  return new Map(
    backups.flatMap((backup) => {
      const tags = readTags(backup);
      const isForeign = tags === undefined && backup.incremental;
      const parent = isForeign
        ? parentOf(backup, undefined, byVolume.get(backup.volumeId) ?? [])?.id
        : tags?.parent;
      return parent === undefined ? [] : [[backup.id, parent] as const];
    }),
  );
}

function whyHeld(id: string, isTagged: boolean): string {
  return isTagged
    ? `backup ${id}, which no manifest here names, is in its chain`
    : `backup ${id}, not made by openstack-backup, needs its chain`;
}

/** Sets that merge when they share a member. */
class Joined {
  readonly #above = new Map<string, string>();

  join(one: string, other: string): void {
    this.#above.set(this.#top(one), this.#top(other));
    if (!this.#above.has(other)) this.#above.set(other, this.#top(other));
  }

  groups(heldBy: (members: ReadonlySet<string>) => string | undefined): Map<string, Chain> {
    const sets = new Map<string, Set<string>>();
    for (const id of this.#above.keys()) {
      const top = this.#top(id);
      const set = sets.get(top) ?? new Set();
      sets.set(top, set.add(id));
    }
    const chains = new Map<string, Chain>();
    for (const members of sets.values()) {
      const chain = { members, held: heldBy(members) };
      for (const id of members) chains.set(id, chain);
    }
    return chains;
  }

  #top(id: string): string {
    let top = id;
    for (let above = this.#above.get(top); above !== undefined && above !== top; above = this.#above.get(top))
      top = above;
    return top;
  }
}
