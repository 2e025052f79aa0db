import { seeded } from '../support/random.ts';

/** A mistake that a person could make where data or secrets hang, and that a test must catch. */
export interface Mutation {
  /** Unique, and stable: `area/what-it-is`. */
  readonly id: string;
  /** Below src/. */
  readonly file: string;
  /** What is wrong then, in words. */
  readonly what: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly put: string;
  /** Paths of the tests that must catch it, below test/; else those that tests-of.ts names for the file. */
  readonly tests?: readonly string[];
  /** Why it changes nothing that anybody could see; it is then not planted. */
  readonly equivalent?: string;
  /** No test catches it yet, and why: it is planted and counted as missed, and does not fail the run. */
  readonly open?: string;
}

/** Those whose text is not there once, or whose id is not alone: the list is stale. */
export function* staleOf(
  mutations: readonly Mutation[],
  read: (file: string) => string | undefined,
): Generator<string> {
  const ids = new Set<string>();
  for (const { id, file, find, put } of mutations) {
    if (ids.has(id)) yield `${id}: there are two of that id`;
    ids.add(id);
    const text = read(file);
    const count = text === undefined ? 0 : text.split(find).length - 1;
    if (text === undefined) yield `${id}: src/${file} is not there`;
    else if (count !== 1) yield `${id}: its text stands ${count} times in src/${file}`;
    if (find === put || find === '') yield `${id}: it changes nothing`;
  }
}

/** So many of them, drawn by a seed, so that a failed run can be repeated. */
export function sampleOf<T>(all: readonly T[], count: number, seed: number): T[] {
  const left = [...all];
  const drawn: T[] = [];
  const next = seeded(seed);
  while (drawn.length < count && left.length > 0) {
    drawn.push(...left.splice(next(left.length), 1));
  }
  return drawn;
}
