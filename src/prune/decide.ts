import { jumpTold } from '../catalog/changes.ts';
import { provedDepth } from '../catalog/drilled.ts';
import { readTags } from '../chain/tags.ts';
import { type History, judge, type Point, type Terms } from '../retention/judge.ts';
import { quoted } from '../text/escape.ts';
import { toSecond } from '../text/words.ts';
import type { Chain } from './chains.ts';
import type { Cloud } from './cloud.ts';
import { Keeping } from './keeping.ts';
import { keptBefore } from './kept-before.ts';
import { resourceOf, type Saved } from './point.ts';
import type { Record } from './read.ts';
import { ownStates, type State } from './state.ts';
import { wholeStates } from './whole.ts';

/** How long a key stays whose backup the cloud does not show. */
const AWAITED_MS = 2 * 24 * 3_600_000;

export interface Wishes {
  /** The terms for the points of a resource: a point stays if any of them keeps it. Empty means that all stay. */
  readonly termsOf: (point: Saved) => readonly Terms[];
  /** Deletes even if over half of a resource's points would go. */
  readonly allowOverHalf: boolean;
  /** Ids of points whose changes a person has accepted. */
  readonly accepted: ReadonlySet<string>;
}

export interface Verdict {
  readonly point: Saved;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

export interface Decision {
  /** By kind and resource, the newest first. */
  readonly verdicts: readonly Verdict[];
  /** Why points stay that no rule keeps, until somebody agrees to delete them. */
  readonly held: readonly string[];
}

/**
 * Decides which restore points of a project go, and why the others stay. A point stays if it is in doubt, if one that
 * stays needs it, or if a member of its chain stays.
 *
 * @param chains backups that can only go together
 * @param now milliseconds, by the cloud's clock
 */
export function decide(
  record: Record,
  cloud: Cloud,
  chains: ReadonlyMap<string, Chain>,
  wishes: Wishes,
  now: number,
): Decision {
  const own = ownStates(record.points, cloud);
  // Show a point that was already pruned only while some of its data is left.
  const points = record.points.filter(
    ({ id, pruned, data }) => pruned === undefined || isThere(own.get(id), data),
  );
  const states = wholeStates(record.points, own, cloud);
  const keeping = new Keeping(points, chains);
  const disks = new Set(record.points.flatMap(({ kind, needs }) => (kind === 'server' ? needs : [])));
  // Servers alone mean their disks too.
  const isPart = (point: Saved) =>
    point.isPart || (disks.has(point.id) && wishes.termsOf(point).length === 0);
  const histories = Map.groupBy(
    points.filter((point) => !isPart(point) && point.pruned === undefined),
    resourceOf,
  );
  for (const [resource, members] of histories) judgeAll(resource, members);
  for (const point of points) {
    const state = states.get(point.id);
    if (state?.doubt !== undefined) keeping.keep(point, state.doubt);
    if (state?.state === 'running' && point.pruned === undefined) keeping.keep(point, 'not finished');
  }
  for (const of of Map.groupBy(points, resourceOf).values()) keepBeforeJumps(of);
  const awaiting = awaitingIn(record, cloud, now);
  for (const point of points) {
    const why = awaiting(point);
    if (why !== undefined) keeping.keep(point, why);
  }
  keeping.spread();
  const held = wishes.allowOverHalf ? [] : holdBack();
  return { verdicts: points.map(verdictOf).toSorted(byResource), held };

  function judgeAll(resource: string, members: readonly Saved[]): void {
    if (members[0] === undefined || wishes.termsOf(members[0]).length === 0)
      for (const point of members) keeping.keep(point, 'not selected');
    for (const { way, terms } of waysOf(members)) judgeWay(resource, way, terms);
  }

  /** An encrypted or wiped disk fills the rules' places night by night: what it was before has to outlast that. */
  function keepBeforeJumps(of: readonly Saved[]): void {
    const there = of.filter(({ pruned }) => pruned === undefined);
    for (const point of there) {
      if (point.change?.jump === undefined || wishes.accepted.has(point.id)) continue;
      const good = there
        .filter(({ id, time }) => time < point.time && states.get(id)?.state === 'good')
        .toSorted((a, b) => b.time - a.time);
      const until = `\`accept: ${point.id}\` lets it go`;
      const told = jumpTold(point.change);
      keeping.keep(point, `${told}, and nobody has accepted that: ${until}`);
      const when = toSecond(point.time);
      const [before] = good;
      if (before !== undefined)
        keeping.keep(before, `the last good point before ${when}, when ${told}: ${until}`);
      // If it came little by little, that point has some of it.
      const begun = Date.parse(point.change.slowly?.since ?? '');
      const untouched = good.find(({ time }) => time <= begun);
      if (untouched !== undefined && untouched !== before)
        keeping.keep(untouched, `the last good point before it began, seen at ${when}: ${told}: ${until}`);
    }
  }

  /** Under several terms, judges each kind of data by itself: a backup must not take the place of a payload. */
  function waysOf(members: readonly Saved[]): { readonly way: readonly Saved[]; readonly terms: Terms }[] {
    const all = members[0] === undefined ? [] : wishes.termsOf(members[0]);
    const ways = all.length > 1 ? Map.groupBy(members, ({ data }) => data?.kind) : new Map([['', members]]);
    return all.flatMap((terms) => [...ways.values()].map((way) => ({ way, terms })));
  }

  function judgeWay(resource: string, members: readonly Saved[], terms: Terms): void {
    const byId = new Map(members.map((point) => [point.id, point]));
    const history: History = {
      resource: standing(resource, members, record, cloud),
      points: members.map(asJudged),
    };
    for (const { id, keep, reasons } of judge(history, terms, now).verdicts) {
      const point = byId.get(id);
      if (keep && point !== undefined) for (const reason of reasons) keeping.keep(point, reason);
    }
  }

  function asJudged({ id, time, tags, verified, drilled }: Saved): Point {
    const proved = provedDepth(verified, drilled);
    return {
      id,
      time,
      tags,
      state: judgedState(states.get(id)),
      ...(proved === undefined ? {} : { verified: proved }),
    };
  }

  /** Whether these go only because newer points came, and not because a rule changed. */
  function isInTurn(going: readonly Saved[], members: readonly Saved[]): boolean {
    const kept = waysOf(members).map(({ way, terms }) => {
      const history = way.map((point) => ({ ...asJudged(point), ...chainOf(point, chains) }));
      return keptBefore(history, terms, now);
    });
    return going.every(({ id }) => kept.some((ids) => ids.has(id)));
  }

  /** Skips gone resources: giving the time was the consent to delete all of their points. */
  function holdBack(): string[] {
    const told: string[] = [];
    for (const [resource, members] of histories) {
      const there = members.filter(({ id }) => states.get(id)?.state !== 'lost');
      const going = there.filter((point) => !keeping.keeps(point));
      if (cloud.presence.get(resource) === 'gone' || going.length * 2 <= there.length) continue;
      if (isInTurn(going, there)) continue;
      const why = `${going.length} of ${there.length} points would be deleted, more than half: \`allow-over-half: true\` allows that`;
      for (const point of going) keeping.keep(point, why);
      const [newest] = members;
      told.push(`of ${newest?.kind} ${quoted(newest?.name ?? '')} (${newest?.resource}) ${why}`);
    }
    keeping.spread();
    return told;
  }

  function verdictOf(point: Saved): Verdict {
    const keep = keeping.keeps(point);
    return {
      point,
      keep,
      reasons: keep ? keeping.reasons(point) : [whyItGoes(point, isPart(point), states.get(point.id))],
    };
  }
}

/** Why a key stays whose point no manifest lists yet: the backup may still come to light. */
function awaitingIn({ points }: Record, { backups }: Cloud, now: number) {
  const listed = new Set(points.map(({ id }) => id));
  const keys = points.filter(({ neededBy }) => neededBy !== undefined && !listed.has(neededBy));
  const borne = new Map((keys.length === 0 ? [] : backups).map((one) => [readTags(one)?.point, one.id]));
  return ({ neededBy, time }: Saved): string | undefined => {
    if (neededBy === undefined || listed.has(neededBy)) return undefined;
    const backup = borne.get(neededBy);
    if (backup !== undefined) return `needed by backup ${backup}, which no manifest lists yet`;
    return time > now - AWAITED_MS ? 'its backup may not be visible yet' : undefined;
  };
}

function whyItGoes({ pruned }: Saved, isPart: boolean, state: State | undefined): string {
  if (pruned !== undefined) return `pruned on ${pruned.slice(0, 10)}, but its data still exists`;
  if (isPart) return 'nothing needs it';
  if (state?.state === 'lost') return 'its data is gone';
  return state?.state === 'failed' ? 'it cannot be restored, and a newer point is good' : 'no rule keeps it';
}

function standing(
  resource: string,
  members: readonly Saved[],
  { failures }: Record,
  { presence }: Cloud,
): History['resource'] {
  const seen = presence.get(resource);
  if (seen !== 'present') return seen ?? 'unknown';
  const failed = failures.get(resource);
  return failed !== undefined && members.every(({ time }) => time < failed) ? 'failing' : 'present';
}

/** Names the chain by one of its members, the same for all of them. */
function chainOf({ data }: Saved, chains: ReadonlyMap<string, Chain>): Pick<Point, 'chain'> {
  const [chain] = data?.kind === 'backup' ? (chains.get(data.id)?.members ?? []) : [];
  return chain === undefined ? {} : { chain };
}

function judgedState(state: State | undefined): Point['state'] {
  return state?.state === 'good' || state?.state === 'running' ? state.state : 'failed';
}

/** A point without data of its own, such as a server's, is gone once a manifest records it. */
function isThere(state: State | undefined, data: Saved['data']): boolean {
  if (data === undefined || state === undefined) return false;
  const isStored = data.kind !== 'payload' || state.doubt === undefined;
  return isStored && state.state !== 'lost' && state.state !== 'unknown';
}

const KINDS = ['server', 'volume', 'image', 'secret'];

function byResource({ point: a }: Verdict, { point: b }: Verdict): number {
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    order(a.name, b.name) ||
    order(a.resource, b.resource) ||
    b.time - a.time ||
    order(a.id, b.id)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
