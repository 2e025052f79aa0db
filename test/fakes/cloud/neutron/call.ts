/** What Neutron's handlers share. */
import { hasRole } from '../core.ts';
import {
  type AuthedCall,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
  Refusal,
  type Reply,
} from '../http.ts';

export function errorReply(status: number, type: string, message: string): Reply {
  return { status, json: { NeutronError: { type, message, detail: '' } } };
}

export function refuse(status: number, type: string, message: string): Refusal {
  return new Refusal(errorReply(status, type, message), message);
}

export function bodyOf(call: AuthedCall, key: string): JsonObject {
  const whole = parseJson(call.raw);
  const inner = isObject(whole) ? whole[key] : undefined;
  if (!isObject(inner)) throw refuse(400, 'HTTPBadRequest', `Unable to find '${key}' in request body`);
  return inner;
}

export function mustBeMember(call: AuthedCall, action: string): void {
  if (!hasRole(call.token, 'member', 'admin'))
    throw refuse(403, 'PolicyNotAuthorized', `rule:${action} is disallowed by policy`);
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
