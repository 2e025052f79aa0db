import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { gapIn } from './chain.ts';
import { readTags } from './tags.ts';

/** A chain of backups that can be removed without leaving its volume unrestorable. */
export interface SpareChain {
  readonly volumeId: string;
  /** Newest first: the order in which Cinder deletes them. */
  readonly ids: readonly string[];
  /** When the data of the oldest and of the newest one was taken. ISO 8601. */
  readonly from: string;
  readonly to: string;
}

type Told = Pick<
  Backup,
  'id' | 'volumeId' | 'status' | 'dataTimestamp' | 'incremental' | 'hasDependents' | 'metadata'
>;

/**
 * Our oldest complete chain that nothing needs: manifests list all of it, no other backup needs it, and its volume has
 * a younger complete chain of ours.
 */
export function spareChain(backups: readonly Told[]): SpareChain | undefined {
  let oldest: SpareChain | undefined;
  for (const chains of Map.groupBy(wholeChains(backups), ({ volumeId }) => volumeId).values()) {
    const [first, next] = chains.sort((a, b) => (a.from < b.from ? -1 : 1));
    if (first === undefined || next === undefined || first.to >= next.from) continue;
    if (oldest === undefined || first.from < oldest.from) oldest = first;
  }
  return oldest;
}

function wholeChains(backups: readonly Told[]): SpareChain[] {
  const ours = backups.flatMap((backup) => {
    const tags = readTags(backup);
    return tags === undefined ? [] : [{ backup, tags }];
  });
  return [...Map.groupBy(ours, ({ backup, tags }) => `${backup.volumeId} ${tags.chain}`).values()].flatMap(
    (members) => {
      members.sort((a, b) => b.tags.position - a.tags.position);
      const [newest, oldest] = [members.at(0), members.at(-1)];
      if (newest === undefined || oldest === undefined || newest.backup.hasDependents) return [];
      const whole =
        newest.tags.position === members.length - 1 &&
        members.every(({ backup, tags }) => backup.status === 'available' && tags.state === 'recorded') &&
        gapIn(
          newest.tags,
          newest.backup,
          members.map(({ backup }) => backup),
        ) === undefined;
      if (!whole) return [];
      return {
        volumeId: newest.backup.volumeId,
        ids: members.map(({ backup }) => backup.id),
        from: oldest.backup.dataTimestamp,
        to: newest.backup.dataTimestamp,
      };
    },
  );
}
