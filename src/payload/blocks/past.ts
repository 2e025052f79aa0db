/** What one run saw of a disk. All in bytes of whole blocks. */
export interface Night {
  /** Of the disk, without zeros. */
  readonly used: number;
  /** Those that the point before did not have. */
  readonly fresh: number;
  /** What the fresh ones take up compressed. */
  readonly packed: number;
}

/**
 * What a disk did before, in one line. It lies in the map and travels from point to point, so that it outlasts the
 * points that pruning deletes.
 */
export interface Past {
  /** Bytes of the disk in blocks that are not zeros. */
  readonly used: number;
  /** How many runs compared the disk with the point before. */
  readonly nights: number;
  /** The largest share that was rewritten at once with data that looks random, in ten-thousandths. */
  readonly random: number;
  /** The largest share that became zeros at once, in ten-thousandths. */
  readonly emptied: number;
  /** In how many runs enough was rewritten to tell how the disk's own data compresses. */
  readonly told: number;
  /** In how many of these it did not. */
  readonly dense: number;
}

/** `rewritten`: it looks encrypted; `emptied`: it looks wiped. */
export type Jump = 'rewritten' | 'emptied';

const PARTS = 10_000;

/** With fewer runs there is no past to compare with. */
const LEAST_NIGHTS = 4;
/** The share of a disk that is rewritten at once with data that looks random. */
const REWRITTEN = 0.2;
/** The share that becomes zeros at once: files are deleted, and freed space is trimmed. */
const EMPTIED = 0.6;
/** And so many times the most that it ever was. */
const TIMES_MORE = 2;
/** Packed bytes a byte: encrypted data has 1, and what is compressed already has nearly as much. */
const DENSE = 0.9;
/** A smaller share says nothing of how the disk's own data compresses. */
const SPEAKS = 0.002;

/** Of a disk that is compared with nothing. */
export function firstNight(used: number): Past {
  return { used, nights: 0, random: 0, emptied: 0, told: 0, dense: 0 };
}

/**
 * Judges a run by the disk's own past, and adds it to that. A disk looks encrypted or wiped if much of it was rewritten
 * with data that does not compress, as never before, or if most of it became zeros. One that grows, that always changes,
 * or whose changes never compress, as those of LUKS, raises no alarm.
 */
export function nextNight(
  past: Past,
  { used, fresh, packed }: Night,
): { past: Past; jump: Jump | undefined } {
  const had = past.used;
  if (had === 0) return { past: { ...past, used }, jump: undefined };
  // A disk that grows gets new data, but loses none.
  const grown = Math.max(0, used - had);
  const rewritten = Math.max(0, fresh - grown) / had;
  const isDense = packed > fresh * DENSE;
  const random = isDense ? rewritten : 0;
  const emptied = Math.max(0, had - used) / had;
  const jump = jumpOf(past, random, emptied);
  // What raised an alarm is not what the disk usually does.
  if (jump !== undefined) return { past: { ...past, used }, jump };
  const tells = rewritten > SPEAKS;
  return {
    past: {
      used,
      nights: past.nights + 1,
      random: Math.max(past.random, Math.round(random * PARTS)),
      emptied: Math.max(past.emptied, Math.round(emptied * PARTS)),
      told: past.told + Number(tells),
      dense: past.dense + Number(tells && isDense),
    },
    jump,
  };
}

function jumpOf(past: Past, random: number, emptied: number): Jump | undefined {
  if (past.nights < LEAST_NIGHTS) return undefined;
  if (emptied > EMPTIED && emptied > (past.emptied / PARTS) * TIMES_MORE) return 'emptied';
  const neverCompresses = past.dense * 2 > past.told;
  const isNew = random > REWRITTEN && random > (past.random / PARTS) * TIMES_MORE;
  return isNew && !neverCompresses ? 'rewritten' : undefined;
}
