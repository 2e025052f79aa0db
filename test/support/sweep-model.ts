import { writeTags } from '../../src/chain/tags.ts';
import type { Liveness, Owner } from '../../src/ports/owner.ts';
import type { Holdings } from '../../src/temporaries/holdings.ts';
import type { Purpose, TemporaryRecord } from '../../src/temporaries/tags.ts';
import type { Random } from './random.ts';
import { record, tags } from './records.ts';
import { KINDS, type Kind, Shelf, type Stage, stagesOf } from './sweep-shelf.ts';

/*
 * Inventories from a story of who made what. What becomes of a thing is decided here by the story alone, never by the texts
 * that the cloud carries: these are only what the judging code gets to see.
 */

/** What the story allows: a thing that must stay, one that must go, or one of which both is right. */
export type Fate = 'stays' | 'goes' | 'either';

export interface Story {
  readonly holdings: Holdings;
  readonly fates: ReadonlyMap<string, Fate>;
  /** The cloud's time. */
  readonly now: number;
  /** How far the judging runner's own clock is off, milliseconds. */
  readonly skew: number;
  liveness(owner: Owner): Promise<Liveness>;
}

export function tell(random: Random): Story {
  return new Teller(random).story();
}

interface Run {
  readonly owner: string;
  /** What the judge can see of it. */
  readonly seen: Liveness;
  /** The truth. */
  readonly lives: boolean;
}

/** Something that a run made. */
interface Made {
  readonly kind: Kind;
  readonly stage: Stage;
  readonly purpose: Purpose;
  readonly id: string;
  readonly createdAt: number;
  /** Its maker is dead, or seen by nobody and its time over. */
  readonly isOver: boolean;
  /** Whether its run lived to write the id into the record. */
  readonly isBound: boolean;
  readonly bound: string;
  readonly unbound: string;
  /** Of a backup. */
  readonly metadata: Readonly<Record<string, string>>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Who copies something knows of it, and its run has told it by then; or its request is long over. */
const LATE = 15 * MINUTE;

class Teller {
  readonly #random: Random;
  readonly #shelf: Shelf;
  readonly #fates = new Map<string, Fate>();
  readonly #now: number;

  constructor(random: Random) {
    this.#random = random;
    this.#shelf = new Shelf(random);
    this.#now = Date.parse('2026-11-23T12:00:00Z') + this.#upTo(24 * HOUR);
  }

  story(): Story {
    const runs = Array.from({ length: 2 + this.#upTo(4) }, (_, at) => this.#run(at + 1));
    for (const run of runs) {
      for (let count = 1 + this.#upTo(5); count > 0; count -= 1) this.#make(run);
      if (this.#chance(0.3)) this.#imageOfServer(run);
    }
    for (let count = this.#upTo(6); count > 0; count -= 1) this.#foreign();
    const seen = new Map(runs.map((run) => [run.owner, run.seen]));
    return {
      holdings: this.#shelf.holdings,
      fates: this.#fates,
      now: this.#now,
      skew: (this.#random() - 0.5) * 8 * HOUR,
      liveness: async (owner) =>
        seen.get(
          owner.kind === 'github' ? `github:o/r:${owner.run}:1` : `host:${owner.machine}:b:n:${owner.pid}:1`,
        ) ?? 'unknown',
    };
  }

  #run(number: number): Run {
    const lives = this.#chance(0.5);
    return this.#chance(0.6)
      ? { owner: `github:o/r:${number}:1`, seen: lives ? 'alive' : 'ended', lives }
      : { owner: `host:m${number}:b:n:${number}:1`, seen: 'unknown', lives };
  }

  #make(run: Run): void {
    const made = this.#made(run);
    const isGone = this.#chance(0.15);
    if (!isGone) {
      this.#stand(made);
      this.#fates.set(made.id, fateOf(made));
    }
    for (let copies = this.#upTo(3); copies > 0; copies -= 1) {
      // Of what is gone and named nothing, nobody can tell a copy of the same minutes from the thing itself.
      const at = made.createdAt + (isGone ? LATE : 0) + Math.floor(this.#random() ** 3 * 30 * HOUR);
      if (at <= this.#now) this.#copy(made, at);
    }
  }

  #made(run: Run): Made {
    const kind = this.#pick(KINDS);
    const [id, point] = [this.#shelf.uuid(), this.#shelf.uuid()];
    const start = this.#now - this.#upTo(40 * HOUR);
    // A living run has renewed it a while ago; one that nobody sees may just have died.
    const expires =
      run.lives || this.#chance(0.3)
        ? this.#now + MINUTE * (5 + this.#upTo(170))
        : this.#now - MINUTE * (1 + this.#upTo(600));
    const purpose = purposeOf(kind) ?? this.#pick(['scratch', 'result'] as const);
    const words = { purpose, tag: this.#tag(), made: start, expires, owner: run.owner };
    const isBound = this.#chance(0.75);
    const stamps = { made: new Date(start).toISOString(), expires: new Date(expires).toISOString() };
    const written = { owner: run.owner, point, chain: point, state: 'started', ...stamps } as const;
    return {
      kind,
      stage: this.#pick(stagesOf(kind)),
      purpose,
      id,
      createdAt: start + this.#upTo(4 * MINUTE),
      isOver: run.seen === 'ended' || (run.seen === 'unknown' && expires < this.#now),
      isBound,
      bound: record({ ...words, id }),
      unbound: record(words),
      metadata: writeTags(tags({ ...written, backup: isBound ? id : undefined })),
    };
  }

  /** Nova and Cinder make things that have nothing but a name at first. */
  #stand(made: Made): void {
    const { kind, bound, unbound, isBound, purpose } = made;
    const text = isBound ? bound : unbound;
    const isNamed = ['image', 'snapshot'].includes(kind) && purpose === 'scratch' && this.#chance(0.5);
    const look = isNamed
      ? { name: named(kind, unbound), text: isBound ? bound : undefined }
      : { text, ...(this.#chance(0.1) ? { name: 'renamed by a person' } : {}) };
    this.#shelf.stand(kind, { ...made, ...look });
  }

  /** By the cloud, or by a person; to another kind only from what names its thing. */
  #copy(made: Made, createdAt: number): void {
    const { kind, isBound, bound, unbound, metadata } = made;
    const into = kind === 'backup' ? kind : this.#pick(KINDS.filter((other) => other !== 'backup'));
    const text = isBound || into !== kind ? bound : unbound;
    const look = this.#chance(0.3) ? { name: named(into, text) } : { text };
    const stage = this.#pick(stagesOf(into));
    this.#fates.set(this.#shelf.stand(into, { stage, createdAt, metadata, ...look }), 'stays');
    // Of two that bear the same and name nothing, nobody knows which was the first.
    if (!isBound && into === kind && this.#fates.get(made.id) === 'goes') this.#fates.set(made.id, 'either');
  }

  /** An image of a volume-backed server: Nova's snapshots have its name, and it names them. */
  #imageOfServer(run: Run): void {
    const made = this.#now - this.#upTo(40 * HOUR);
    const expires = run.lives ? this.#now + HOUR : this.#now - MINUTE;
    const words: Omit<TemporaryRecord, 'id'> = {
      purpose: 'scratch',
      tag: this.#tag(),
      made,
      expires,
      owner: run.owner,
    };
    const fate = run.seen === 'ended' || (run.seen === 'unknown' && !run.lives) ? 'goes' : 'stays';
    const id = this.#shelf.uuid();
    const name = record(words);
    const taken = [0, 1].map(() =>
      this.#shelf.stand('snapshot', {
        stage: 'whole',
        createdAt: made + MINUTE,
        name: `snapshot for ${name}`,
      }),
    );
    const mapping = JSON.stringify(taken.map((snapshot_id) => ({ snapshot_id })));
    const text = record({ ...words, id });
    this.#shelf.stand('image', { id, stage: 'whole', createdAt: made, name, text, mapping });
    for (const one of [id, ...taken]) this.#fates.set(one, fate);
    // A person's image of a server that was made of it has its mapping and its properties, too.
    const copy = this.#shelf.stand('image', { stage: 'whole', createdAt: this.#now, text, mapping });
    this.#fates.set(copy, 'stays');
  }

  /** What people have, called as they like. */
  #foreign(): void {
    const kind = this.#pick(KINDS);
    const name = this.#pick([
      'db',
      'openstack-backup temporary',
      'db (restore not finished)',
      'snapshot for openstack-backup temporary x',
    ]);
    const look = { stage: this.#pick(stagesOf(kind)), createdAt: this.#now - this.#upTo(1000 * HOUR), name };
    this.#fates.set(this.#shelf.stand(kind, look), 'stays');
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.#upTo(all.length)] as T;
  }

  #tag(): string {
    return this.#shelf.uuid().replaceAll('-', '').slice(0, 11);
  }
}

function named(kind: Kind, text: string): string {
  return kind === 'snapshot' ? `snapshot for ${text}` : text;
}

/** Undefined: either. */
function purposeOf(kind: Kind): Purpose | undefined {
  return kind === 'snapshot' ? 'scratch' : kind === 'server' ? 'result' : undefined;
}

function fateOf({ kind, stage, purpose, isOver, isBound }: Made): Fate {
  if (!isOver || stage === 'used' || stage === 'busy') return 'stays';
  if (stage === 'whole' && (kind === 'backup' || purpose === 'result' || !isBound)) return 'stays';
  return isBound ? 'goes' : 'either';
}
