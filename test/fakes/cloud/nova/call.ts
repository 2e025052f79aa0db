/** What Nova's handlers share. */
import type { Core } from '../core.ts';
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
import { pythonRepr, pythonStr } from '../python.ts';
import { type InstanceAction, isUuid, type Server } from '../state.ts';

export interface NovaCall extends AuthedCall {
  readonly minor: number;
}

const FAULT_NAMES: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

export function fault(status: number, message: string): Reply {
  return { status, json: { [FAULT_NAMES[status] ?? 'computeFault']: { code: status, message } } };
}

export function refuse(status: number, message: string): Refusal {
  return new Refusal(fault(status, message), message);
}

export function mustBeMember(call: NovaCall, policy: string): void {
  if (!hasRole(call.token, 'member', 'admin')) {
    throw refuse(403, `Policy doesn't allow ${policy} to be performed.`);
  }
}

export function findServer(core: Core, call: NovaCall, id: string): Server {
  const server = core.state.servers.get(id);
  if (server === undefined || server.projectId !== call.projectId) {
    throw refuse(404, `Instance ${id} could not be found.`);
  }
  return server;
}

/** The object under `name`; `null` and {} pass as empty ones. Without `allowed` it may have any keys. */
export function readBody(
  raw: Buffer,
  name: string,
  required: readonly string[] = [],
  allowed?: readonly string[],
): JsonObject {
  const whole = raw.length === 0 ? undefined : parseJson(raw);
  if (!isObject(whole))
    throw refuse(400, raw.length === 0 ? 'Malformed request body' : 'Malformed request body');
  const inner = whole[name];
  if (inner === undefined) throw refuse(400, `'${name}' is a required property`);
  const body = isObject(inner) ? inner : {};
  const lacking = required.find((key) => body[key] === undefined);
  if (lacking !== undefined) {
    throw refuse(
      400,
      `Invalid input for field/attribute ${name}. Value: ${pythonRepr(inner)}. '${lacking}' is a required property`,
    );
  }
  const extra = allowed === undefined ? undefined : Object.keys(body).find((key) => !allowed.includes(key));
  if (extra !== undefined) {
    throw refuse(
      400,
      `Invalid input for field/attribute ${name}. Value: ${pythonRepr(inner)}. Additional properties are not allowed ('${extra}' was unexpected)`,
    );
  }
  return body;
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

export function checkUuid(field: string, value: Json | undefined): string {
  if (typeof value !== 'string' || !isUuid(value)) {
    throw refuse(
      400,
      `Invalid input for field/attribute ${field}. Value: ${pythonStr(value ?? null)}. ${pythonRepr(value)} is not a 'uuid'`,
    );
  }
  return value;
}

export function links(call: NovaCall, collection: string, id: string): JsonObject[] {
  return [
    { rel: 'self', href: `${call.linkOrigin}/compute/v2.1/${collection}/${id}` },
    { rel: 'bookmark', href: `${call.linkOrigin}/compute/${collection}/${id}` },
  ];
}

/** Begins an instance action; the returned function ends its event, with the error where there was one. */
export function beginAction(
  core: Core,
  call: NovaCall,
  server: Server,
  action: string,
  event: string,
): (error?: string) => void {
  const entry: InstanceAction = {
    requestId: call.requestId,
    action,
    startTime: core.clock.now(),
    message: null,
    userId: call.token.user.id,
    projectId: call.projectId,
    events: [{ event, startTime: core.clock.now(), finishTime: null, result: null, details: null }],
  };
  server.actions.unshift(entry);
  return (error) => {
    const [only] = entry.events;
    if (only === undefined) return;
    only.finishTime = core.clock.now();
    only.result = error === undefined ? 'Success' : 'Error';
    if (error !== undefined) {
      entry.message = 'Error';
      only.details = error;
    }
  };
}
