import { type Json, list } from '../decode.ts';
import { messageOf } from '../errors.ts';
import type { ServiceClient } from './connection.ts';

/** What stands in for the fields of an item that cannot be read. */
export interface Blank {
  readonly fields: Json;
  /** Fields to keep if they are text, besides `id` and `name`. */
  readonly kept?: readonly string[];
}

/** Begins the status of an item that cannot be read; nothing may be done with such an item. */
export const UNREADABLE = 'unreadable';

export interface Items<T> {
  readonly items: T[];
  /** How many were left out. */
  readonly odd: number;
}

/**
 * The items of a list. An odd item fails alone: with `blank` it stays in the list, in a status in which nothing can be
 * done, so that only a request for that item fails; without, it is left out with a warning.
 *
 * @param word what one is called: "volume"
 */
export function itemsOf<T>(
  client: ServiceClient,
  answer: Json,
  key: string,
  word: string,
  decode: (item: Json) => T,
  blank?: Blank,
): Items<T> {
  let odd = 0;
  const items = list(answer, key, (item) => item).flatMap((item) => {
    try {
      return [decode(item)];
    } catch (error) {
      const told = `${word} ${nameOf(item)} of the cloud cannot be read (${messageOf(error)})`;
      const rest = blank === undefined ? undefined : blanked(item, blank, messageOf(error), decode);
      if (rest !== undefined) {
        client.session.log.debug(told);
        return [rest];
      }
      odd += 1;
      client.session.log.warn(`${told}: left out`);
      return [];
    }
  });
  return { items, odd };
}

function blanked<T>(item: Json, blank: Blank, why: string, decode: (item: Json) => T): T | undefined {
  const kept = ['id', 'name', ...(blank.kept ?? [])].filter((key) => typeof item[key] === 'string');
  try {
    return decode({
      status: `${UNREADABLE}: ${why}`,
      ...blank.fields,
      ...Object.fromEntries(kept.map((key) => [key, item[key]])),
    });
  } catch {
    return undefined;
  }
}

function nameOf(item: Json): string {
  const known = [item['id'], item['name'], item['secret_ref']].find((value) => typeof value === 'string');
  return JSON.stringify(known ?? 'without id').slice(0, 300);
}
