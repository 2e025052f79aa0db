/** Cinder's body checks, with the words of jsonschema as cinder/api/validation/validators.py passes them on. */
import { isObject, type Json, type JsonObject, parseJson } from '../http.ts';
import { pythonRepr, pythonStr } from '../python.ts';
import { isUuid } from '../state.ts';
import { CLIENT_ERROR, refuse, SERVER_ERROR } from './call.ts';

/** What is wrong with a value, or with one inside it. */
type Wrong = string | { path: string; value: Json; message: string };
type Check = (value: Json) => Wrong | undefined;

export interface ObjectSpec {
  fields: Readonly<Record<string, Check>>;
  required?: readonly string[];
  /** Unknown keys are an error. */
  strict: boolean;
}

const KEY = /^[a-zA-Z0-9\-_:. /]{1,255}$/;
/** A snapshot's metadata, when set later: without the slash. */
const SNAPSHOT_KEY = /^[a-zA-Z0-9\-_:. ]{1,255}$/;
const TRUE = ['True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes', 'y', 't'];
const FALSE = ['False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', 'no', 'n', 'f'];

function isType(value: Json, kinds: readonly string[]): boolean {
  return kinds.some((kind) => {
    if (kind === 'null') return value === null;
    if (kind === 'integer') return Number.isInteger(value);
    if (kind === 'object') return isObject(value);
    return typeof value === kind;
  });
}

function kindError(value: Json, kinds: readonly string[]): string | undefined {
  if (isType(value, kinds)) return undefined;
  return `${pythonRepr(value)} is not of type ${kinds.map((kind) => `'${kind}'`).join(', ')}`;
}

export const uuid: Check = (value) =>
  kindError(value, ['string']) ??
  (isUuid(String(value)) ? undefined : `${pythonRepr(value)} is not a 'uuid'`);

export const uuidOrNull: Check = (value) =>
  value === null || uuid(value) === undefined
    ? undefined
    : `${pythonRepr(value)} is not valid under any of the given schemas`;

export function text(max = 255, min = 0, nullable = true): Check {
  return (value) => {
    const wrong = kindError(value, nullable ? ['string', 'null'] : ['string']);
    if (wrong !== undefined || typeof value !== 'string') return wrong;
    if (value.length < min)
      return min === 1 ? `${pythonRepr(value)} should be non-empty` : `${pythonRepr(value)} is too short`;
    return value.length > max ? `${pythonRepr(value)} is too long` : undefined;
  };
}

export function oneOf(...values: string[]): Check {
  return (value) =>
    kindError(value, ['string']) ??
    (values.includes(String(value)) ? undefined : `${pythonRepr(value)} is not one of ${pythonRepr(values)}`);
}

export const bool: Check = (value) =>
  kindError(value, ['boolean', 'string']) ??
  (typeof value === 'boolean' || TRUE.includes(String(value)) || FALSE.includes(String(value))
    ? undefined
    : `${pythonRepr(value)} is not one of ${pythonRepr([true, ...TRUE, false, ...FALSE])}`);

export const boolOrNull: Check = (value) =>
  value === null || bool(value) === undefined
    ? undefined
    : `${pythonRepr(value)} is not valid under any of the given schemas`;

export function truth(value: Json | undefined): boolean {
  return value === true || (typeof value === 'string' && TRUE.includes(value));
}

function sizeError(value: Json, nullable: boolean): string | undefined {
  if (value === null && nullable) return undefined;
  const wrong = kindError(value, nullable ? ['integer', 'string', 'null'] : ['integer', 'string']);
  if (wrong !== undefined) return wrong;
  if (typeof value === 'string' && !/^[0-9]+$/.test(value))
    return `${pythonRepr(value)} does not match '^[0-9]+$'`;
  return Number(value) < 1 ? `${pythonRepr(value)} is less than the minimum of 1` : undefined;
}

export const size: Check = (value) => sizeError(value, false);
export const sizeOrNull: Check = (value) => sizeError(value, true);

interface PairRules {
  readonly key: RegExp;
  readonly most: number;
}

const PAIRS: PairRules = { key: KEY, most: 255 };

function pairsError(
  value: Json,
  kinds: readonly string[],
  { key: pattern, most } = PAIRS,
): Wrong | undefined {
  const wrong = kindError(value, kinds);
  if (wrong !== undefined || !isObject(value)) return wrong;
  for (const [key, each] of Object.entries(value)) {
    if (!pattern.test(key))
      return `${pythonRepr(key)} does not match any of the regexes: '${pattern.source.replaceAll('\\', '')}'`;
    const inner = kindError(each ?? null, ['string']);
    const long =
      typeof each === 'string' && each.length > most ? `${pythonRepr(each)} is too long` : undefined;
    const message = inner ?? long;
    if (message !== undefined) return { path: key, value: each ?? null, message };
  }
  return undefined;
}

export const pairs: Check = (value) => pairsError(value, ['object']);
export const pairsOrNull: Check = (value) => pairsError(value, ['object', 'null']);
/** An image's properties may be longer. */
export const imagePairs: Check = (value) => pairsError(value, ['object'], { key: KEY, most: 65_535 });
export const anything: Check = () => undefined;

function unexpected(value: JsonObject, allowed: readonly string[]): string | undefined {
  const extra = Object.keys(value).filter((key) => !allowed.includes(key));
  if (extra.length === 0) return undefined;
  return `Additional properties are not allowed (${extra.map(pythonRepr).join(', ')} ${extra.length === 1 ? 'was' : 'were'} unexpected)`;
}

function invalid(path: string, value: Json, wrong: Wrong): never {
  if (typeof wrong !== 'string') invalid(wrong.path, wrong.value, wrong.message);
  throw refuse(400, `Invalid input for field/attribute ${path}. Value: ${pythonStr(value)}. ${wrong}`);
}

function readWhole(raw: Buffer): JsonObject {
  const whole = raw.length === 0 ? undefined : parseJson(raw);
  if (raw.length > 0 && whole === undefined) throw refuse(400, 'Malformed request body');
  if (whole === undefined) throw refuse(400, CLIENT_ERROR);
  if (!isObject(whole)) throw refuse(400, `${pythonRepr(whole)} is not of type 'object'`);
  return whole;
}

/** Reads `{"name": {...}}` out of a request's body. */
export function readBody(
  raw: Buffer,
  name: string,
  spec: ObjectSpec,
  beside: readonly string[] = [],
): JsonObject {
  const whole = readWhole(raw);
  const inner = whole[name];
  if (inner === undefined) throw refuse(400, `'${name}' is a required property`);
  if (!isObject(inner)) return invalid(name, inner, `${pythonRepr(inner)} is not of type 'object'`);
  checkFields(inner, name, spec);
  const outer = unexpected(whole, [name, ...beside]);
  if (outer !== undefined) throw refuse(400, outer);
  return inner;
}

function checkFields(inner: JsonObject, name: string, spec: ObjectSpec): void {
  for (const [key, check] of Object.entries(spec.fields)) {
    const value = inner[key];
    const wrong = value === undefined ? undefined : check(value);
    if (value !== undefined && wrong !== undefined) invalid(key, value, wrong);
  }
  const lacking = spec.required?.find((key) => inner[key] === undefined);
  if (lacking !== undefined) invalid(name, inner, `'${lacking}' is a required property`);
  const extra = spec.strict ? unexpected(inner, Object.keys(spec.fields)) : undefined;
  if (extra !== undefined) invalid(name, inner, extra);
}

/** Reads `{"metadata": {"key": "value"}}`. */
export function readMetadata(raw: Buffer, of: 'volume' | 'snapshot' = 'volume'): Record<string, string> {
  const whole = readWhole(raw);
  const { metadata } = whole;
  if (metadata === undefined) throw refuse(400, "'metadata' is a required property");
  const wrong = pairsError(metadata, ['object'], of === 'volume' ? PAIRS : { key: SNAPSHOT_KEY, most: 255 });
  if (wrong !== undefined) invalid('metadata', metadata, wrong);
  const outer = unexpected(whole, ['metadata']);
  if (outer !== undefined) throw refuse(400, outer);
  return pairsOf(metadata);
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** MySQL's utf8mb3 takes no character beyond the basic plane, and nobody asks before it is too late. */
function storable(value: string): string {
  if (/[\u{10000}-\u{10ffff}]/u.test(value)) throw refuse(500, SERVER_ERROR);
  return value;
}

/** clean_name_and_description strips both. */
export function trimmed(value: Json | undefined): string | null {
  return typeof value === 'string' ? storable(value.trim()) : null;
}

export function pairsOf(value: Json | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  if (isObject(value)) for (const [key, each] of Object.entries(value)) out[key] = storable(String(each));
  return out;
}

/** Of a volume, in words of their own. */
export function checkLengths(body: JsonObject, keys: readonly string[]): void {
  for (const key of keys) {
    const value = body[key];
    if (typeof value === 'string' && value.trim().length > 255)
      throw refuse(
        400,
        `Invalid input received: ${key} has ${value.trim().length} characters, more than 255.`,
      );
  }
}

/** Of a snapshot's description: what prints, of the basic plane. */
export const printable: Check = (value) =>
  text()(value) ??
  (typeof value === 'string' && /[\u{10000}-\u{10ffff}]/u.test(value)
    ? `${pythonRepr(value)} does not match '^[\\\\ -\\\\~`
    : undefined);
