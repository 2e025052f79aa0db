import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { InputError, OperationError, PlainError } from '../errors.ts';
import { discard } from '../openstack/body.ts';
import { Breaks } from '../openstack/breaks.ts';
import { CloudError, hasStatus } from '../openstack/errors.ts';
import { stuck } from '../openstack/pages.ts';
import { retry } from '../openstack/retry.ts';
import type { Log } from '../ports/log.ts';
import { once } from '../stream/chunks.ts';
import { Gathered } from '../stream/gathered.ts';
import { checkedName, checkedPrefix, isName } from './name.ts';
import { type ByteRange, type Found, LARGEST_OBJECT, type Listed, type Place } from './place.ts';
import { tooShort, within } from './range.ts';

/**
 * A bucket or container with a prefix, which it puts before the names. Its calls repeat what may be repeated, and throw
 * PlainErrors.
 */
export interface Bucket {
  /** As the input `store` gives it; for messages. */
  readonly name: string;
  /** Digests that `put` asks for each time, by the names of node:crypto; besides SHA-256. */
  readonly digests?: readonly string[];
  /** @returns false if the service says that the name exists. Not every service looks: others overwrite it */
  put(name: string, bytes: Buffer, digests: ObjectDigests): Promise<boolean>;
  /**
   * One exchange, which may break off.
   *
   * @returns undefined if it is not there
   * @throws CloudError 416 if it ends before the range begins
   */
  open(name: string, range?: ByteRange): Promise<Opened | undefined>;
  /** @returns undefined if it is not there */
  head(name: string): Promise<Listed | undefined>;
  /**
   * A page of names, in the order of their bytes.
   *
   * @param after what the page before gave as `next`
   * @returns `next` is undefined after the last page
   */
  page(prefix: string, after: string | undefined): Promise<ObjectPage>;
  /** A name that is not there counts as removed. */
  remove(name: string): Promise<void>;
}

/** Lower-case hex. */
export interface ObjectDigests {
  readonly sha256: string;
  /** Computed if it is asked for: it takes longer than everything else that happens to an object. */
  readonly md5: () => string;
}

export interface Opened {
  /** Bytes that come. */
  readonly size: number;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
}

export interface ObjectPage {
  readonly items: readonly Listed[];
  readonly next: string | undefined;
}

export interface ObjectPlaceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: () => AbortSignal | undefined;
}

/** Written and removed by `prepare`. It is no name of a place, so no list has it. */
const PROOF = '.proof';

/** Far more than a store has; more, and the list does not end. */
const MOST_NAMES = 20_000_000;

/**
 * A place with one object per name.
 *
 * @param mostNames how many names a list may have, those of others included
 */
export function objectPlace(
  hasty: Bucket,
  options: ObjectPlaceOptions,
  mostNames: number = MOST_NAMES,
): Place {
  const bucket = patient(hasty, options);
  const place = bucket.name;
  const busy = new Set<string>();
  let refusesTaken = false;
  return {
    name: place,
    atOnce: 3,
    digests: bucket.digests ?? [],
    prepare: async () => {
      // Before the run it is better to say at once that nothing answers.
      refusesTaken = await prove(hasty);
      return [];
    },
    async put(name, source) {
      checkedName(name);
      const { bytes, digests } = await gathered(source, `${name} for ${place}`);
      if (busy.has(name)) throw exists(place, name);
      busy.add(name);
      try {
        // Not every service heeds `If-None-Match`. Names are unique, so no other run puts this one meanwhile.
        if (!refusesTaken && (await lookedAt(bucket, name)) !== undefined) throw exists(place, name);
        if (!(await bucket.put(name, bytes, digests)) && !(await isSame(bucket, name, bytes.length, digests)))
          throw exists(place, name);
      } finally {
        busy.delete(name);
      }
      return { size: bytes.length, sha256: digests.sha256 };
    },
    get: async (name, range) => found(bucket, checkedName(name), range, options),
    async head(name) {
      const facts = await bucket.head(checkedName(name));
      return facts && { name, size: facts.size, modified: facts.modified };
    },
    list: (prefix = '') => listed(bucket, checkedPrefix(prefix), mostNames),
    keep: async () => undefined,
    remove: async (name) => bucket.remove(checkedName(name)),
  };
}

/** Rounds of what each call repeats by itself, which is seconds: together two minutes. */
const ROUNDS = 8;

/** A service may restart while a run has hours of work behind it. */
function patient(bucket: Bucket, { clock, log, signal }: ObjectPlaceOptions): Bucket {
  const again = <T>(call: () => Promise<T>) =>
    retry(true, call, { clock, log, signal: signal(), attempts: ROUNDS, limits: false });
  return {
    ...bucket,
    put: (name, bytes, digests) => again(() => bucket.put(name, bytes, digests)),
    open: (name, range) => again(() => bucket.open(name, range)),
    head: (name) => again(() => bucket.head(name)),
    page: (prefix, after) => again(() => bucket.page(prefix, after)),
  };
}

/** @returns whether the service refuses a name that exists, so that nobody need look before each put */
async function prove(bucket: Bucket): Promise<boolean> {
  const bytes = Buffer.from('openstack-backup can write here\n');
  const put = () => bucket.put(PROOF, bytes, digestsOf(bytes));
  let refused: boolean;
  try {
    // A credential that may not delete leaves it there.
    refused = !(await put()) || !(await put());
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    const answer = [error, error.cause].find((one) => one instanceof CloudError);
    // What does not answer is no wrong input.
    if (answer?.status === undefined || answer.status >= 500) throw error;
    throw new InputError(
      `cannot write payloads into ${bucket.name}: HTTP ${answer.status}: ${answer.words}`,
      error.hint,
    );
  }
  await bucket.remove(PROOF).catch((error: unknown) => {
    // A run that saves need not be allowed to delete: the next one overwrites it.
    if (!hasStatus(error, 403)) throw error;
  });
  return refused;
}

async function gathered(
  source: AsyncIterable<Uint8Array>,
  what: string,
): Promise<{ readonly bytes: Buffer; readonly digests: ObjectDigests }> {
  const tooLarge = () =>
    new OperationError(
      `cannot store ${what}: it has more than ${LARGEST_OBJECT} bytes`,
      'Use a directory for it: `store: directory:PATH`.',
    );
  if (source instanceof Gathered) {
    const { bytes, digests } = source;
    if (bytes.length > LARGEST_OBJECT) throw tooLarge();
    return { bytes, digests: digestsOf(bytes, digests) };
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > LARGEST_OBJECT) throw tooLarge();
    // A source may use its memory again.
    pieces.push(Buffer.from(piece));
  }
  const bytes = Buffer.concat(pieces);
  return { bytes, digests: digestsOf(bytes) };
}

/** @param known those that need not be computed */
function digestsOf(bytes: Buffer, known: Gathered['digests'] = {}): ObjectDigests {
  let { md5 } = known;
  const { sha256 = digestOf('sha256', bytes) } = known;
  return {
    sha256,
    md5: () => {
      md5 ??= digestOf('md5', bytes);
      return md5;
    },
  };
}

function digestOf(algorithm: 'md5' | 'sha256', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Whether what has the name is what was put: the answer to the first try may have been lost. */
async function isSame(bucket: Bucket, name: string, size: number, digests: ObjectDigests): Promise<boolean> {
  const facts = await lookedAt(bucket, name);
  if (facts === undefined || facts.size !== size) return false;
  if (facts.md5 !== undefined) return facts.md5 === digests.md5();
  const hash = createHash('sha256');
  for await (const piece of (await bucket.open(name))?.body ?? []) hash.update(piece as Buffer);
  return hash.digest('hex') === digests.sha256;
}

/** S3 answers 403 for what is not there to those who may not list. */
async function lookedAt(bucket: Bucket, name: string): Promise<Listed | undefined> {
  return bucket.head(name).catch((error: unknown) => {
    if (hasStatus(error, 403)) return undefined;
    throw error;
  });
}

async function found(
  bucket: Bucket,
  name: string,
  range: ByteRange | undefined,
  options: ObjectPlaceOptions,
): Promise<Found> {
  const what = `${name} in ${bucket.name}`;
  const { start, end } = range ?? { start: 0 };
  try {
    // No request can ask for nothing.
    if (start !== end) {
      const first = await bucket.open(name, range);
      if (first === undefined) throw missing(bucket.name, name);
      if (end !== undefined && first.size !== end - start) {
        discard(first.body);
        throw tooShort(what, start + first.size, end);
      }
      return { size: first.size, bytes: read(bucket, name, start, first, options) };
    }
  } catch (error) {
    if (!hasStatus(error, 416)) throw error;
  }
  const facts = await bucket.head(name);
  if (facts === undefined) throw missing(bucket.name, name);
  const { size } = facts;
  const rest = within(size, range, what);
  if (rest.end > rest.start) throw tooShort(what, size, rest.end);
  return { size: 0, bytes: once(Buffer.alloc(0)) };
}

/** Goes on where the answer breaks off, so what comes to its end is all of it. */
async function* read(
  bucket: Bucket,
  name: string,
  from: number,
  first: Opened,
  { clock, log, signal }: ObjectPlaceOptions,
): AsyncGenerator<Uint8Array, void> {
  const what = `reading ${name} from ${bucket.name}`;
  const hint = 'Try again. If it fails again, ask whoever runs the store, or its proxies.';
  const breaks = new Breaks({ what, hint, clock, log, signal }, from);
  const end = from + first.size;
  let { body } = first;
  for (let at = from; ; ) {
    try {
      for await (const piece of body) {
        at += (piece as Buffer).length;
        if (at > end)
          throw new OperationError(`${name} in ${bucket.name} is longer than the store says`, hint);
        yield piece as Buffer;
      }
      if (at === end) return;
      throw new Error(`the answer ended after ${at - from} of ${first.size} bytes`);
    } catch (error) {
      if (at === end && !(error instanceof PlainError)) return;
      await breaks.rest(at, error);
      const next = await bucket.open(name, { start: at, end });
      if (next === undefined) throw missing(bucket.name, name);
      ({ body } = next);
    }
  }
}

async function* listed(bucket: Bucket, prefix: string, mostNames: number): AsyncGenerator<Listed, void> {
  let last: Buffer | undefined;
  for await (const item of itemsOf(bucket, prefix, mostNames)) {
    const { name } = item;
    const now = Buffer.from(name);
    // A list that starts over would never end, or lack something.
    if (last !== undefined && now.compare(last) <= 0) throw stuck(`objects in ${bucket.name}`);
    last = now;
    if (isName(name) && name.startsWith(prefix)) yield item;
  }
}

/** Pages that are all of what others keep there; more, and the list does not end. */
const MOST_EMPTY = 1000;

/** The items of all pages. @throws OperationError if they do not end */
async function* itemsOf(bucket: Bucket, prefix: string, mostNames: number): AsyncGenerator<Listed, void> {
  let [count, empty] = [0, 0];
  let after: string | undefined;
  do {
    const { items, next } = await bucket.page(prefix, after);
    count += items.length;
    if (count > mostNames)
      throw new OperationError(
        `${bucket.name} lists more than ${mostNames} names`,
        'Use a prefix of its own for the store, or ask whoever runs it. An incomplete list is never used.',
      );
    yield* items;
    empty = items.length === 0 ? empty + 1 : 0;
    if (next !== undefined && (next === after || empty > MOST_EMPTY))
      throw stuck(`objects in ${bucket.name}`);
    after = next;
  } while (after !== undefined);
}

function exists(place: string, name: string): OperationError {
  return new OperationError(
    `${place} already has ${name}`,
    'A payload is never overwritten: use another place, or delete that payload if it is not needed.',
  );
}

function missing(place: string, name: string): InputError {
  return new InputError(
    `${name} is not in ${place}`,
    'Name the place where the backup put its payloads with `store`.',
  );
}
