import { InputError, PlainError } from '../errors.ts';
import {
  checkTrust,
  type Doubt,
  doubtOf,
  type Found,
  parseFound,
  type Read,
  type ReadOptions,
} from './read.ts';
import type { Manifest } from './schema.ts';

/** A place where a manifest may be. */
export interface Candidate {
  /** As the input `manifest` names it. */
  readonly reference: string;
  /** Not before the start of the run that made it. ISO 8601. */
  readonly time: string;
  /** What is there, or why nothing in it can be used. @throws PlainError when it cannot be looked at */
  load(): Promise<Found | Doubt>;
}

/**
 * Candidates, the newest first as far as that is known without reading them; asked for one by one.
 *
 * @param best when the run started whose manifest is the best so far
 */
export type Candidates = (best: () => string | undefined) => AsyncIterable<Candidate>;

/** Order of moments in ISO 8601. */
export function laterFirst(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? 1 : -1;
}

/** Those that are all known beforehand. */
export function listed(candidates: readonly Candidate[]): Candidates {
  const newestFirst = [...candidates].sort((a, b) => laterFirst(a.time, b.time));
  return async function* each() {
    yield* newestFirst;
  };
}

export interface ChooseOptions extends ReadOptions {
  /** Whether a manifest holds what is to be restored. */
  readonly wanted: (manifest: Manifest) => boolean;
  /** For messages: "of the last 100 runs of backup.yml on main". */
  readonly among: string;
  /** What to do when nothing is found. */
  readonly hint: () => string | Promise<string>;
}

/**
 * The newest manifest that holds what is wanted. What is newer and cannot be trusted or read is never passed over in
 * silence: whoever restores would take old data for new.
 *
 * @throws InputError when there is none, or a newer one is in doubt
 */
export async function newestWanted(candidates: Candidates, options: ChooseOptions): Promise<Read> {
  let best: Looked | undefined;
  const doubts: Doubted[] = [];
  for await (const candidate of candidates(() => best?.read.manifest.run.started)) {
    // What was there before that run started can only hold older ones.
    if (candidate.time <= (best?.read.manifest.run.started ?? '')) continue;
    const looked = await look(candidate, options);
    if (looked === undefined) continue;
    if ('doubt' in looked) doubts.push(looked);
    else if (isNewer(looked, best)) best = looked;
  }
  const newerDoubt = doubts.find((doubted) => isNewer(doubted, best));
  if (newerDoubt !== undefined) throw refusal(newerDoubt, best);
  if (best === undefined)
    throw new InputError(
      `there is no manifest with what is to be restored among ${options.among}`,
      await options.hint(),
    );
  checkTrust(best.found, options);
  return best.read;
}

interface Looked {
  readonly candidate: Candidate;
  readonly found: Found;
  readonly read: Read;
}

interface Doubted {
  readonly candidate: Candidate;
  readonly doubt: PlainError;
  /** Where it could be read. */
  readonly read: Read | undefined;
}

/**
 * The manifest of the only candidate, whatever it holds.
 *
 * @throws InputError when it is not to be trusted, or cannot be used
 */
export async function readOnly(candidate: Candidate, options: ReadOptions): Promise<Read> {
  const found = await candidate.load();
  if ('hint' in found) throw asError(candidate, found);
  checkTrust(found, options);
  return parseFound(found, options.identity);
}

/** Undefined where it holds nothing that is wanted: what nobody asks for needs no trust. */
async function look(candidate: Candidate, options: ChooseOptions): Promise<Looked | Doubted | undefined> {
  const found = await candidate.load();
  if ('hint' in found) return { candidate, doubt: asError(candidate, found), read: undefined };
  const doubt = doubtOf(found, options.verifyKey);
  let read: Read;
  try {
    read = await parseFound(found, options.identity);
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    return { candidate, doubt: error, read: undefined };
  }
  if (!options.wanted(read.manifest)) return undefined;
  if (doubt === undefined || options.allowUnsigned) return { candidate, found, read };
  return { candidate, doubt: asError(candidate, doubt), read };
}

/** The same manifest may stand in several places, and is as good as the best of them. */
function isNewer({ read }: { readonly read: Read | undefined }, best: Looked | undefined): boolean {
  if (best === undefined || read === undefined) return true;
  const [one, other] = [read.manifest.run, best.read.manifest.run];
  return one.id !== other.id && one.started > other.started;
}

function refusal({ doubt }: Doubted, best: Looked | undefined): InputError {
  const instead =
    best === undefined
      ? ''
      : ` The newest that is beyond doubt is ${best.candidate.reference}, of ${best.read.manifest.run.started}: name it if that will do.`;
  return new InputError(doubt.message, `${doubt.hint ?? ''}${instead}`, doubt);
}

function asError({ reference }: Candidate, { what, hint }: Doubt): InputError {
  return new InputError(`${reference} ${what}`, hint);
}
