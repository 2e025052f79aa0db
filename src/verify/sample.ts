import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';

/** A random part of something, which can be drawn again. */
export interface Sample {
  /** More than 0, less than 100. */
  readonly percent: number;
  readonly seed: number;
}

const MOST_SEED = 2 ** 32;

/**
 * @param random a whole number from 0 to 2^32 - 1, for the seed if none is given
 * @returns undefined: all
 * @throws InputError
 */
export function parseSample(
  sample: string | undefined,
  seed: string | undefined,
  random: () => number,
): Sample | undefined {
  const percent = Number(/^(\d{1,3}(?:\.\d{1,3})?) ?%$/.exec(sample ?? '100%')?.[1]);
  if (!(percent > 0 && percent <= 100))
    throw new InputError(`\`sample\` is ${quoted(sample ?? '')}`, 'Write a percentage: 5%, or 0.5%.');
  const given = parseSeed(seed, random);
  return percent === 100 ? undefined : { percent, seed: given };
}

/**
 * @param random as for {@link parseSample}
 * @throws InputError
 */
export function parseSeed(seed: string | undefined, random: () => number): number {
  const given = seed === undefined ? random() : /^\d{1,10}$/.test(seed) ? Number(seed) : MOST_SEED;
  if (given < MOST_SEED) return given;
  throw new InputError(`\`seed\` is ${quoted(seed ?? '')}`, 'Write the number that an earlier run told.');
}

/** The same seed draws the same, whatever the order. At least one, if there is one. */
export function drawn<T>(items: readonly T[], nameOf: (item: T) => string, sample: Sample | undefined): T[] {
  if (sample === undefined) return [...items];
  const lots = items.map((item) => ({ item, lot: lotOf(`${sample.seed} ${nameOf(item)}`) }));
  return lots
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, Math.ceil((items.length * sample.percent) / 100))
    .map(({ item }) => item);
}

function lotOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** How likely a sample has none of the faulty ones. */
export function missChance(all: number, read: number, faulty: number): number {
  let chance = 1;
  for (let nth = 0; nth < faulty; nth++) chance *= Math.max(0, all - read - nth) / (all - nth);
  return chance;
}

/** "12 of 240 objects were read, drawn with seed 7: 1 damaged one is missed with a chance of 95 %, 10 with 59 %". */
export function sampleWords(what: string, all: number, read: number, { seed }: Sample): string {
  const chances = [1, 10, 100]
    .filter((faulty) => faulty <= all)
    .map((faulty) => `${faulty} with ${percentWords(missChance(all, read, faulty))}`);
  return `${read} of ${all} ${what} were read, drawn with seed ${seed}. The chance to miss damage: ${chances.join(', ')}`;
}

function percentWords(chance: number): string {
  if (chance > 0 && chance < 0.001) return 'less than 0.1 %';
  return `${Math.round(chance * 1000) / 10} %`;
}
