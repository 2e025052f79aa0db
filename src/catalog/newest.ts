import { type Doubt, InputError, PlainError } from '../errors.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { prunedIn, without } from './pruned.ts';
import { checkTrust, doubtOf, type FoundManifest, parseFound, type Read, type ReadOptions } from './read.ts';
import {
  clockIsRight,
  compareTimes,
  floorOf,
  isBefore,
  neverChanges,
  savedOf,
  type Times,
  type Window,
} from './times.ts';

/** A place where a manifest may be. */
export interface Candidate {
  /** As the input `manifest` names it. */
  readonly reference: string;
  /** GitHub's times; undefined elsewhere. */
  readonly within: Window | undefined;
  /** Roughly when it was published: orders the candidates, and dates one that cannot be read. */
  readonly time: string;
  /**
   * The manifest, or why it cannot be used; undefined if nothing was saved in it, or it is gone.
   *
   * @throws PlainError if the place cannot be read
   */
  load(): Promise<FoundManifest | Doubt | undefined>;
}

/**
 * Yields candidates one by one, newest first as far as that is known without reading them.
 *
 * @param floor anything published before this time holds no newer data than the best so far; empty if there is none yet
 */
export type Candidates = (floor: () => string) => AsyncIterable<Candidate>;

/** Compares times in ISO 8601. */
export function laterFirst(a: string, b: string): number {
  return Date.parse(b) - Date.parse(a);
}

/** Candidates that are all known beforehand. */
export function listed(candidates: readonly Candidate[]): Candidates {
  const newestFirst = [...candidates].sort((a, b) => laterFirst(a.time, b.time));
  return async function* each() {
    yield* newestFirst;
  };
}

export interface ChooseOptions extends ReadOptions {
  /** Picks the restore points that are asked for. */
  readonly wanted: (manifest: Manifest) => readonly RestorePoint[];
  /** Milliseconds. */
  readonly now: () => number;
  /** For messages: "of the last 100 runs of backup.yml on main". */
  readonly among: () => string;
  /** What the manifests have instead, if nothing is found; empty if they have nothing. */
  readonly seen?: () => string;
  /** What to do when nothing is found. */
  readonly hint: () => string | Promise<string>;
}

/**
 * The manifest with the newest data that is wanted. Never skips silently one that may be newer but cannot be trusted,
 * read or dated: the restore would take old data for new.
 *
 * @throws InputError if there is none, or it is unclear which is the newest
 */
export async function newestWanted(candidates: Candidates, options: ChooseOptions): Promise<Read> {
  const { looked, doubts, best } = await lookAt(candidates, options);
  const doubted = doubts.find((doubt) => best === undefined || mayBeNewer(doubt, best, options));
  if (doubted !== undefined) throw refusal(doubted, best);
  if (best === undefined)
    throw new InputError(
      `no manifest with what you ask for among ${options.among()}`,
      options.seen?.() || (await options.hint()),
    );
  const rival = looked.find((one) => ['newer', 'unclear'].includes(compare(one, best, options)));
  if (rival !== undefined) throw unclear(best, rival);
  if (!clockIsRight(best.times, options.now()))
    options.warn(
      `${best.candidate.reference} ${toldTimes(best.times)}: the clock of the machine that wrote it was wrong`,
    );
  checkTrust(best.found, options);
  return best.read;
}

/** Looks again if a point that counted turns out to be pruned: an older one may now be the newest. */
async function lookAt(candidates: Candidates, options: ChooseOptions) {
  const pruned = new Set<string>();
  for (;;) {
    const seen = await lookOnce(candidates, options, pruned);
    if (seen.looked.every(({ read }) => without(pruned, read.manifest) === read.manifest)) return seen;
  }
}

async function lookOnce(candidates: Candidates, options: ChooseOptions, pruned: Set<string>) {
  const looked: Looked[] = [];
  const doubts: Doubted[] = [];
  let best: Looked | undefined;
  const floor = () => (best === undefined ? '' : floorOf(best.times));
  for await (const candidate of candidates(floor)) {
    if (isBefore(candidate.within?.until ?? '', floor())) continue;
    const found = await look(candidate, options, pruned);
    if (found === undefined) continue;
    if ('doubt' in found) doubts.push(found);
    else looked.push(found);
    if (!('doubt' in found) && (best === undefined || compare(found, best, options) === 'newer'))
      best = found;
  }
  return { looked, doubts, best };
}

/** A manifest may be in several places, and is as good as the best of its copies. */
function compare(one: Looked, other: Looked, { now }: ChooseOptions): ReturnType<typeof compareTimes> {
  if (one.read.manifest.run.id === other.read.manifest.run.id) return 'same';
  return compareTimes(one.times, other.times, now());
}

function mayBeNewer({ candidate, looked }: Doubted, best: Looked, options: ChooseOptions): boolean {
  if (looked === undefined) return !isBefore(candidate.time, floorOf(best.times));
  return ['newer', 'unclear'].includes(compare(looked, best, options));
}

interface Looked {
  readonly candidate: Candidate;
  readonly found: FoundManifest;
  readonly read: Read;
  readonly times: Times;
}

interface Doubted {
  readonly candidate: Candidate;
  readonly doubt: PlainError;
  /** Undefined if it could not be read. */
  readonly looked: Looked | undefined;
}

/**
 * The manifest of the only candidate, whatever it holds.
 *
 * @throws InputError if it cannot be trusted or used
 */
export async function readOnly(candidate: Candidate, options: ReadOptions): Promise<Read> {
  const found = (await candidate.load()) ?? { what: 'is gone', hint: 'Look for another one with `list`.' };
  if ('hint' in found) throw asError(candidate, found);
  checkTrust(found, options);
  return parseFound(found, options.identity);
}

/** Undefined if it holds nothing that is wanted: then nobody has to trust it. */
async function look(
  candidate: Candidate,
  options: ChooseOptions,
  pruned: Set<string>,
): Promise<Looked | Doubted | undefined> {
  const found = await candidate.load();
  if (found === undefined) return undefined;
  if ('hint' in found) return { candidate, doubt: asError(candidate, found), looked: undefined };
  const doubt = doubtOf(found, options.verifyKey);
  let read: Read;
  try {
    const all = await parseFound(found, options.identity);
    if (doubt === undefined || options.allowUnsigned)
      for (const point of prunedIn(all.manifest)) pruned.add(point);
    read = { ...all, manifest: without(pruned, all.manifest) };
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    return { candidate, doubt: error, looked: undefined };
  }
  const points = options.wanted(read.manifest);
  if (points.length === 0) return undefined;
  const { started, finished } = read.manifest.run;
  const times: Times = {
    within: candidate.within,
    saved: savedOf(points, read.manifest),
    made: points.every(neverChanges),
    started,
    finished: finished ?? undefined,
  };
  const looked = { candidate, found, read, times };
  return doubt === undefined || options.allowUnsigned
    ? looked
    : { candidate, doubt: asError(candidate, doubt), looked };
}

/** Two manifests whose times do not say which has the newer data. */
function unclear(one: Looked, other: Looked): InputError {
  const told = ({ candidate, times }: Looked) => `${candidate.reference} ${toldTimes(times)}`;
  return new InputError(
    `cannot tell which manifest is the latest: ${told(one)}; ${told(other)}`,
    `A clock was wrong. Give the one you mean: manifest: ${one.candidate.reference}, or manifest: ${other.candidate.reference}.`,
  );
}

function toldTimes({ within, saved, started }: Times): string {
  return [
    saved === undefined ? 'has no time from the cloud' : `has data from ${saved} by the cloud's clock`,
    ...(within === undefined ? [] : [`was published at ${within.until} by GitHub's`]),
    `and says that its run started at ${started}`,
  ].join(', ');
}

function refusal({ doubt }: Doubted, best: Looked | undefined): InputError {
  const instead =
    best === undefined
      ? ''
      : ` The newest that is certain is ${best.candidate.reference}, with data from ${best.times.saved ?? best.times.started}: give it if that is enough.`;
  return new InputError(doubt.message, `${doubt.hint ?? ''}${instead}`, doubt);
}

function asError({ reference }: Candidate, { what, hint }: Doubt): InputError {
  return new InputError(`${reference} ${what}`, hint);
}
