import { createHash } from 'node:crypto';
import { type Chain, chainsOf } from './chains.ts';
import type { Cloud } from './cloud.ts';
import { type Decision, decide, type Verdict, type Wishes } from './decide.ts';
import { outlived } from './outlived.ts';
import { type Data, keyOf, type Saved } from './point.ts';
import type { Record, Source } from './read.ts';

/** A chain, or a single thing. Deleted in order, up to the first that stays. */
export interface Deletion {
  readonly things: readonly { readonly data: Data; readonly point: Saved }[];
}

/** What a run would delete. A plain record, to print, compare, or carry out later. */
export interface PrunePlan extends Decision {
  /** The points to delete, and to record as pruned. */
  readonly going: readonly Verdict[];
  /** Manifests that are no longer needed, as a restore names them. */
  readonly manifests: readonly string[];
  readonly deletions: readonly Deletion[];
  /** SHA-256 of what goes, lower-case hex. */
  readonly digest: string;
}

/** @param now milliseconds, by the cloud's clock */
export function planPrune(record: Record, cloud: Cloud, wishes: Wishes, now: number): PrunePlan {
  const chains = chainsOf(
    record.points.flatMap(({ data }) => (data?.kind === 'backup' ? [data] : [])),
    cloud.backups,
  );
  const decision = decide(record, cloud, chains, wishes, now);
  const going = decision.verdicts.filter(({ keep }) => !keep);
  const stays = new Set([
    ...record.elsewhere,
    ...decision.verdicts.flatMap(({ keep, point: { data } }) =>
      keep && data !== undefined ? [keyOf(data)] : [],
    ),
  ]);
  const things = new Map<string, { data: Data; point: Saved }>();
  for (const { point } of going) {
    const { data } = point;
    if (data === undefined || stays.has(keyOf(data)) || cloud.lost.has(keyOf(data))) continue;
    things.set(keyOf(data), { data, point });
  }
  const sources = outlived(record, cloud, now);
  return {
    ...decision,
    going,
    // Artifacts expire by themselves.
    manifests: sources.flatMap(({ references }) => references.filter((one) => !one.startsWith('artifact:'))),
    deletions: inOrder([...things.values()], chains),
    digest: digestOf(going, things, sources),
  };
}

type Thing = Deletion['things'][number];

/** Oldest first, but newest first in a chain: Cinder deletes no backup that another one needs. */
function inOrder(things: readonly Thing[], chains: ReadonlyMap<string, Chain>): Deletion[] {
  const groups = Map.groupBy(things, ({ data }) =>
    data.kind === 'backup' ? (chains.get(data.id) ?? data.id) : keyOf(data),
  );
  return [...groups.values()]
    .map((members) => ({
      things: members.toSorted((a, b) => b.point.time - a.point.time || depth(b) - depth(a)),
    }))
    .toSorted((a, b) => oldest(a) - oldest(b));
}

function depth({ data }: Thing): number {
  return data.kind === 'backup' ? data.position : 0;
}

function oldest({ things }: Deletion): number {
  return Math.min(...things.map(({ point }) => point.time));
}

/** Hashes sorted JSON, so that the digest stays the same as long as the same would be deleted. */
function digestOf(
  going: readonly Verdict[],
  things: ReadonlyMap<string, Thing>,
  sources: readonly Source[],
): string {
  const points = going
    .map(({ point: { id, kind, resource, data } }) => ({
      data: data === undefined || !things.has(keyOf(data)) ? null : keyOf(data),
      kind,
      point: id,
      resource,
    }))
    .toSorted((a, b) => (a.point < b.point ? -1 : 1));
  const manifests = sources.map(({ manifest }) => manifest.run.id).sort();
  return createHash('sha256').update(JSON.stringify({ manifests, points })).digest('hex');
}
