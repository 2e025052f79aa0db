/**
 * A cloud's answers are hostile until checked: every field is read through one of these functions.
 * Each throws a TypeError that names the field, and the client turns it into an error that names the request.
 */
export type Json = Readonly<Record<string, unknown>>;

const ID = /^[0-9A-Za-z][0-9A-Za-z_-]{0,254}$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

export function object(value: unknown, what = 'answer'): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${what} is not an object`);
  return value as Json;
}

/** What others keep for us between two processes. @returns undefined if the text is no JSON object */
export function objectIn(text: string): Json | undefined {
  try {
    return object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function field(from: Json, key: string): Json {
  return object(from[key], key);
}

export function list<T>(from: Json, key: string, decode: (item: Json) => T): T[] {
  const value = from[key];
  if (!Array.isArray(value)) throw new TypeError(`${key} is not a list`);
  return value.map((item) => decode(object(item, `an item of ${key}`)));
}

export function text(from: Json, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new TypeError(`${key} is not a string`);
  return value;
}

export function optionalText(from: Json, key: string): string | undefined {
  const value = from[key];
  return value === undefined || value === null || value === '' ? undefined : text(from, key);
}

/** An id that goes into later URLs, so nothing but letters, digits, `-` and `_`. */
export function id(from: Json, key: string): string {
  const value = text(from, key);
  if (!ID.test(value)) throw new TypeError(`${key} is not an id`);
  return value;
}

/** An id of any form, such as a flavor's, user's or project's. Whoever builds a URL must encode it. */
export function foreignId(from: Json, key: string): string {
  const value = text(from, key);
  // `.` and `..` change a URL's path even when encoded.
  if (value === '' || value === '.' || value === '..' || value.length > 255)
    throw new TypeError(`${key} is not an id`);
  return value;
}

export function optionalId(from: Json, key: string): string | undefined {
  return optionalText(from, key) === undefined ? undefined : id(from, key);
}

export function isUuid(value: string): boolean {
  return UUID.test(value);
}

export function integer(from: Json, key: string): number {
  const value = from[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new TypeError(`${key} is not a whole number`);
  return value;
}

/** Of bytes, in a header or in XML; undefined for what nobody can count with. */
export function byteCount(said: string | undefined): number | undefined {
  const count = /^\d{1,16}$/.test(said ?? '') ? Number(said) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

export function optionalInteger(from: Json, key: string): number | undefined {
  return from[key] === undefined || from[key] === null ? undefined : integer(from, key);
}

/** Cinder sends `"true"` for some resources and `true` for others. */
export function flag(from: Json, key: string): boolean {
  const value = from[key];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'True') return true;
  if (value === 'false' || value === 'False') return false;
  throw new TypeError(`${key} is not a boolean`);
}

/** A hash or another hexadecimal string, in lower case. */
export function optionalHex(from: Json, key: string): string | undefined {
  const value = optionalText(from, key);
  if (value !== undefined && !/^([0-9a-f]{2})+$/i.test(value))
    throw new TypeError(`${key} is not hexadecimal`);
  return value?.toLowerCase();
}

/** A list of strings; empty if absent or null. */
export function texts(from: Json, key: string): string[] {
  const value = from[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw new TypeError(`${key} is not a list of strings`);
  return value;
}

/** A map of strings; empty if absent or null. */
export function strings(from: Json, key: string): Record<string, string> {
  const value = from[key];
  if (value === undefined || value === null) return {};
  return Object.fromEntries(Object.entries(object(value, key)).map(([name, item]) => [name, String(item)]));
}

/**
 * A time as ISO 8601 in UTC. Cinder omits the zone ("2026-11-23T01:02:03.000000") and means UTC; Date would read that
 * as local time.
 */
export function moment(from: Json, key: string): string {
  const value = text(from, key).replace(' ', 'T');
  const date = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
  if (Number.isNaN(date.getTime())) throw new TypeError(`${key} is not a time`);
  return date.toISOString();
}

export function optionalMoment(from: Json, key: string): string | undefined {
  return optionalText(from, key) === undefined ? undefined : moment(from, key);
}
