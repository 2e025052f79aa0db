/** What one run saw of a disk. All in bytes of whole blocks, but those that hold nothing: zeros, or a few bytes repeated. */
export interface Night {
  /** Of the disk. */
  readonly used: number;
  /** What these take up compressed; undefined if nobody knows. */
  readonly whole?: number | undefined;
  /** Those that the point before did not have. */
  readonly fresh: number;
  /** What the fresh ones take up compressed. */
  readonly packed: number;
  /** The fresh ones that do not compress, each by itself: what else changed that night does not hide them. */
  readonly dense: number;
}

/**
 * What a disk did before, in one line. It lies in the map and travels from point to point, so that it outlasts the
 * points that pruning deletes.
 */
export interface Past {
  /** Bytes of the disk in blocks that hold something. */
  readonly used: number;
  /** What they take up compressed; undefined in maps of earlier versions. */
  readonly whole?: number | undefined;
  /** How many runs compared the disk with the point before. */
  readonly nights: number;
  /** The largest share that was rewritten at once with data that looks random, in ten-thousandths. */
  readonly random: number;
  /** The largest share that was emptied at once, or before the disk was as full again, in ten-thousandths. */
  readonly emptied: number;
  /** In how many runs enough was rewritten to tell how the disk's own data compresses. */
  readonly told: number;
  /** In how many of these it did not. */
  readonly dense: number;
  /** The share that was rewritten so in the last runs together, in millionths; less of it the longer ago. */
  readonly lately: number;
  /** The same of one run, on average of the last hundred, in millionths. */
  readonly usual: number;
  /** When the last run began that found next to nothing rewritten so lately; empty if none did. ISO 8601. */
  readonly calm: string;
  /** Bytes of the disk when it held the most lately; less the longer ago. */
  readonly peak: number;
  /** The least that it held since then. */
  readonly low: number;
  /** When it last held nearly as much as at the peak. ISO 8601. */
  readonly full: string;
}

/** `rewritten`: it looks encrypted; `emptied`: it looks wiped. */
export type Jump = 'rewritten' | 'emptied';

export interface Judged {
  readonly past: Past;
  readonly jump: Jump | undefined;
  /** Set if it came little by little: when it had not begun, ISO 8601, and about how many bytes it was since. */
  readonly slowly?: { readonly since: string; readonly bytes: number };
}

const PARTS = 10_000;
const MILLION = 1_000_000;

/** With fewer runs there is no past to compare with. */
const LEAST_NIGHTS = 4;
/** The share of a disk that is rewritten at once with data that looks random. */
const REWRITTEN = 0.2;
/** The same in the first runs, of a disk whose data is known to compress. */
const REWRITTEN_YOUNG = 0.5;
/** The same in the last runs together. */
const REWRITTEN_SLOWLY = 0.3;
/** Of the share of the last runs, so much counts in the next one. */
const FADES = 0.9;
/** How many runs that is like. */
const LATELY_NIGHTS = 10;
/** The average is of so many runs. */
const USUAL_NIGHTS = 100;
/** With fewer runs nothing is usual yet. */
const LEAST_USUAL_NIGHTS = 14;
/** Of what a disk held at most, so much counts in the next run. */
const PEAK_FADES = 0.98;
/** Of the peak. */
const NEARLY = 0.9;
/** A share of the last runs that is next to nothing. */
const CALM = 0.05;
/** The share of a disk that is emptied at once: files are deleted, and freed space is trimmed. */
const EMPTIED = 0.6;
/** And so many times the most that it ever was. */
const TIMES_MORE = 2;
/** Packed bytes a byte: encrypted data has 1, 0.76 in Base64, and what is compressed already has nearly 1. */
export const DENSE = 0.73;
/** A smaller share says nothing of how the disk's own data compresses. */
const SPEAKS = 0.002;

/**
 * Of a disk that is compared with nothing.
 *
 * @param taken when the run began, ISO 8601
 */
export function firstNight({ used, whole }: Pick<Night, 'used' | 'whole'>, taken: string): Past {
  const nothing = { nights: 0, random: 0, emptied: 0, told: 0, dense: 0, lately: 0, usual: 0 };
  return { ...nothing, used, whole, calm: taken, ...fullOf(used, taken) };
}

/**
 * Judges a run by the disk's own past, and adds it to that. A disk looks encrypted or wiped if much of it was rewritten
 * with data that does not compress, as never before, at once or in the last runs together, or if most of it was emptied.
 * One that grows, that always changes, or whose changes never compress, as those of LUKS, raises no alarm.
 *
 * @param taken when the run began, ISO 8601
 */
export function nextNight(past: Past, night: Night, taken: string): Judged {
  const { used, whole, fresh, packed, dense } = night;
  const had = past.used;
  if (had === 0) return { past: { ...past, used, whole, ...fullOf(used, taken) }, jump: undefined };
  // A disk that grows gets new data, but loses none.
  const grown = Math.max(0, used - had);
  const rewritten = Math.max(0, fresh - grown) / had;
  const random = Math.max(0, dense - grown) / had;
  const emptied = Math.max(0, had - used) / had;
  const lately = past.lately * FADES + random * MILLION;
  const now = { ...past, used, whole };
  // What raised an alarm is not what the disk usually does.
  if (isRewritten(past, random)) return { past: now, jump: 'rewritten' };
  if (isRewrittenSlowly(past, lately)) {
    const bytes = Math.min(used, Math.round((lately / MILLION) * had));
    return { past: { ...now, lately: 0 }, jump: 'rewritten', slowly: { since: past.calm, bytes } };
  }
  if (isEmptied(past, used)) {
    const slowly = emptied > EMPTIED ? undefined : { since: past.full, bytes: past.peak - used };
    return { past: { ...now, ...fullOf(used, taken) }, jump: 'emptied', ...(slowly && { slowly }) };
  }
  const tells = rewritten > SPEAKS;
  const nights = past.nights + 1;
  const usual = past.usual + (random * MILLION - past.usual) / Math.min(nights, USUAL_NIGHTS);
  const peak = Math.max(used, Math.round(past.peak * PEAK_FADES));
  const isFull = used > peak * NEARLY;
  // It filled up again: that was no wiping.
  const cleaned = isFull ? Math.max(0, past.peak - past.low) / past.peak : 0;
  return {
    past: {
      used,
      whole,
      nights,
      random: Math.max(past.random, Math.round(random * PARTS)),
      emptied: Math.max(past.emptied, Math.round(Math.max(emptied, cleaned) * PARTS)),
      told: past.told + Number(tells),
      dense: past.dense + Number(tells && packed > fresh * DENSE),
      lately: Math.round(lately),
      usual: Math.round(usual),
      calm: lately < CALM * MILLION ? taken : past.calm,
      ...(isFull
        ? { peak, low: used, full: taken }
        : { peak, low: Math.min(past.low, used), full: past.full }),
    },
    jump: undefined,
  };
}

function fullOf(used: number, taken: string): Pick<Past, 'peak' | 'low' | 'full'> {
  return { peak: used, low: used, full: taken };
}

function isRewritten(past: Past, random: number): boolean {
  if (past.nights < LEAST_NIGHTS) return compresses(past) && random > REWRITTEN_YOUNG;
  return random > REWRITTEN && random > (past.random / PARTS) * TIMES_MORE && !neverCompresses(past);
}

/** Whether more was rewritten in the last runs than the disk's largest change and its usual ones explain. */
function isRewrittenSlowly(past: Past, lately: number): boolean {
  if (past.nights < LEAST_USUAL_NIGHTS || neverCompresses(past)) return false;
  const nights = Math.min(past.nights, USUAL_NIGHTS);
  // Without the last runs: what is judged is not what is usual.
  const usual = Math.max(0, past.usual * nights - past.lately) / (nights - LATELY_NIGHTS);
  const largest = (past.random / PARTS) * MILLION;
  return lately > REWRITTEN_SLOWLY * MILLION && lately > TIMES_MORE * (largest + usual * LATELY_NIGHTS);
}

function isEmptied(past: Past, used: number): boolean {
  if (past.nights < LEAST_NIGHTS) return false;
  const emptied = Math.max(0, past.peak - used) / past.peak;
  return emptied > EMPTIED && emptied > (past.emptied / PARTS) * TIMES_MORE;
}

/** By its changes. A few that do not compress say nothing of a disk that does. */
function neverCompresses(past: Past): boolean {
  return past.dense * 2 > past.told && !compresses(past);
}

function compresses({ used, whole }: Past): boolean {
  return whole !== undefined && whole < used * DENSE;
}
