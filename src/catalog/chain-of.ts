import { readTags } from '../chain/tags.ts';
import type { Entry } from './entries.ts';
import type { Found } from './everything.ts';
import type { Unnamed } from './unnamed.ts';

/** A member of a chain, the full backup first. */
export interface Link {
  /** 0 is the full backup. */
  readonly position: number;
  readonly entry: Entry;
}

/**
 * The chain that a restore point belongs to, in order: first what it needs, then what needs it. Empty if it has no
 * chain.
 */
export function chainOf(
  point: string,
  entries: readonly Entry[],
  found: readonly Found[],
  unnamed: readonly Unnamed[],
): Link[] {
  const places = new Map<string, { readonly chain: string; readonly position: number }>();
  for (const { manifest } of found)
    for (const one of manifest.restorePoints)
      if (one.method === 'cinder-backup')
        places.set(one.id, { chain: `${one.resource.id} ${one.chain.id}`, position: one.chain.position });
  for (const one of unnamed) {
    const tags = one.kind === 'backup' ? readTags(one.backup) : undefined;
    if (one.kind === 'backup' && tags !== undefined)
      places.set(tags.point, { chain: `${one.backup.volumeId} ${tags.chain}`, position: tags.position });
  }
  const chain = places.get(point)?.chain;
  if (chain === undefined) return [];
  return entries
    .flatMap((entry): Link[] => {
      const place = places.get(entry.point);
      return place?.chain === chain ? [{ position: place.position, entry }] : [];
    })
    .sort((a, b) => a.position - b.position);
}

/** Draws the chain, a line per member, each below what it needs. A member that nothing describes is a gap. */
export function drawn(chain: readonly Link[], point: string): string[] {
  const newest = chain.at(-1)?.position ?? -1;
  return Array.from({ length: newest + 1 }, (_, position) => {
    const members = chain.filter((link) => link.position === position);
    const indent = position === 0 ? '' : `${'  '.repeat(Math.min(position, DEEPEST) - 1)}└ `;
    const what = position === 0 ? 'full' : `increment ${position}`;
    if (members.length === 0) return [`${indent}${what}: not found`];
    return members.map(({ entry }) => {
      const { time, data, state } = entry;
      const doubtful = state === 'broken' ? ', broken' : '';
      return `${indent}${what} of ${time.replace(/\.\d+/, '')}, backup ${data}${doubtful}${entry.point === point ? ' ← this one' : ''}`;
    });
  }).flat();
}

/** Stops indenting here: chains may be long, lines may not. */
const DEEPEST = 6;
