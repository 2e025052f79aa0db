/** Names and metadata, as Nova's schemas and its database take them. */
import { isObject, type Json } from '../http.ts';
import { pythonRepr, pythonStr } from '../python.ts';
import { refuse } from './call.ts';

const KEY = /^[a-zA-Z0-9-_:. ]{1,255}$/;
const MOST = 255;

export function invalid(field: string, value: Json | undefined, why: string): never {
  throw refuse(400, `Invalid input for field/attribute ${field}. Value: ${pythonStr(value ?? null)}. ${why}`);
}

export function checkText(field: string, value: Json | undefined, most: number): void {
  if (typeof value !== 'string') return;
  if (value === '') invalid(field, value, "'' should be non-empty");
  if (value.length > most) invalid(field, value, `${pythonRepr(value)} is too long`);
}

/** The pairs under `metadata`, all of them text; MySQL's utf8mb3 then refuses what is beyond the basic plane. */
export function metadataOf(value: Json | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  for (const [key, each] of Object.entries(value)) {
    if (!KEY.test(key))
      invalid('metadata', value, `${pythonRepr(key)} does not match any of the regexes: '${KEY.source}'`);
    if (typeof each !== 'string') invalid(key, each, `${pythonRepr(each)} is not of type 'string'`);
    if (String(each).length > MOST) invalid(key, each, `${pythonRepr(each)} is too long`);
  }
  if (Object.values(value).some((each) => /[\u{10000}-\u{10ffff}]/u.test(String(each)))) {
    throw refuse(
      500,
      "Unexpected API Error. Please contact the administrator\n<class 'oslo_db.exception.DBError'>",
    );
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, String(each)]));
}
