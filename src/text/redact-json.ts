import type { Secrets } from './secrets.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** Fields whose values are our own words, even if a password is the same. */
const WORDS: ReadonlySet<string> = new Set(['kind', 'method', 'mode', 'consistency', 'format']);

/** A command's output without secrets. @param isJson whether it is JSON, and must stay JSON */
export function redactOutput(
  value: string,
  isJson: boolean,
  secrets: Secrets,
  words = (text: string) => text,
): string {
  if (isJson) return JSON.stringify(redactJson(JSON.parse(value) as Json, secrets, words));
  return words(secrets.redact(value));
}

/**
 * A value without secrets. Only texts change, so that it stays the same JSON, with its names, its numbers and our own
 * words: a password such as "true", "1234" or "method" would break it otherwise.
 *
 * @param words changes texts further, after redaction
 */
export function redactJson(value: Json, secrets: Secrets, words = (text: string) => text): Json {
  const inside = (one: Json): Json => {
    if (typeof one === 'string') return words(secrets.redact(one));
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(inside);
    return Object.fromEntries(
      Object.entries(one).flatMap(([name, each]) =>
        each === undefined ? [] : [[name, WORDS.has(name) && typeof each === 'string' ? each : inside(each)]],
      ),
    );
  };
  return inside(value);
}
