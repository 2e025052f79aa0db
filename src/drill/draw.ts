import { createHash } from 'node:crypto';

/** A restore point that can be drilled. */
export interface Candidate {
  readonly kind: string;
  /** The resource's id. */
  readonly resource: string;
  /** The restore point's id. */
  readonly point: string;
  /** When its data was taken. Milliseconds. */
  readonly taken: number;
  /** When it was last drilled, whatever the result. Milliseconds; undefined: never. */
  readonly drilled: number | undefined;
}

export type Pick = 'latest' | 'random';

const LEAST_MS = 60_000;
/**
 * One that waits twice as long is likelier by 2 to the power of this. With 1, one in 25 waits longer than twice its turn; with 4,
 * one in a hundred longer than one and a half times, and still nobody knows which is next.
 */
const STEEPNESS = 4;

/**
 * Draws what to drill: first a resource, likelier the longer ago any of its points was drilled, so that one with few
 * points is not forgotten beside one with many; then its newest point, or a random one by the same rule. The same seed
 * draws the same from the same candidates at the same time, whatever their order.
 *
 * @param seed a whole number
 * @param now milliseconds
 */
export function draw<C extends Candidate>(
  candidates: readonly C[],
  pick: Pick,
  seed: number,
  now: number,
): C | undefined {
  const groups = Map.groupBy(candidates, ({ kind, resource }) => `${kind} ${resource}`);
  const resources = [...groups].map(([name, points]) => ({ name, points, age: ageOfResource(points, now) }));
  // A new resource must not wait until it has waited as long as the others.
  const oldest = Math.max(0, ...resources.map(({ points, age }) => age ?? now - firstOf(points)));
  const drawn = weighted(
    resources,
    ({ name }) => name,
    ({ age }) => Math.max(LEAST_MS, age ?? oldest) ** STEEPNESS,
    lot(seed, 'resource'),
  );
  if (drawn === undefined) return undefined;
  if (pick === 'latest') return drawn.points.toSorted(newestFirst)[0];
  return weighted(
    drawn.points,
    ({ point }) => point,
    ({ taken, drilled }) => now - (drilled ?? taken),
    lot(seed, 'point'),
  );
}

/** Milliseconds since its last drill; undefined if there was none. */
function ageOfResource(points: readonly Candidate[], now: number): number | undefined {
  const times = points.flatMap(({ drilled }) => drilled ?? []);
  return times.length === 0 ? undefined : now - Math.max(...times);
}

function firstOf(points: readonly Candidate[]): number {
  return Math.min(...points.map(({ taken }) => taken));
}

function newestFirst(a: Candidate, b: Candidate): number {
  return b.taken - a.taken || (a.point < b.point ? -1 : 1);
}

/** @param at where to stop, from 0 to 1 */
function weighted<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  ageOf: (item: T) => number,
  at: number,
): T | undefined {
  const sorted = items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const weights = sorted.map((item) => Math.max(LEAST_MS, ageOf(item)));
  let left = at * weights.reduce((sum, weight) => sum + weight, 0);
  return sorted.find((_item, nth) => {
    left -= weights[nth] ?? 0;
    return left < 0;
  });
}

/** From 0 to less than 1. */
function lot(seed: number, what: string): number {
  return createHash('sha256').update(`${seed} ${what}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
