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

/** What a user may write of each resource, and as what it is checked. Only what requests here have. */
const ATTRIBUTES = {
  network: { name: 'text', description: 'text' },
  subnet: { name: 'text', network_id: 'uuid', cidr: 'any', ip_version: 'any' },
  port: {
    name: 'text',
    description: 'text',
    network_id: 'uuid',
    security_groups: 'uuids',
    fixed_ips: 'any',
  },
  security_group: { name: 'text', description: 'text' },
  floatingip: { floating_network_id: 'uuid', port_id: 'uuid', fixed_ip_address: 'any' },
} as const;
const REQUIRED = {
  network: [],
  subnet: ['network_id', 'ip_version'],
  port: ['network_id'],
  security_group: [],
  floatingip: ['floating_network_id'],
} as const;

type Kind = keyof typeof ATTRIBUTES;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LONGEST = 255;

/** @throws Refusal 400 for what is no such resource */
export function bodyOf(call: AuthedCall, kind: Kind): JsonObject {
  const whole = parseJson(call.raw);
  if (whole === undefined) throw bad('Body contains invalid data');
  const inner = isObject(whole) ? whole[kind] : undefined;
  if (!isObject(inner)) throw bad(`Unable to find '${kind}' in request body`);
  const attributes: Readonly<Record<string, string>> = ATTRIBUTES[kind];
  const unknown = Object.keys(inner).filter((key) => attributes[key] === undefined);
  if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  if (call.method === 'POST')
    for (const key of REQUIRED[kind])
      if (inner[key] === undefined)
        throw bad(`Failed to parse request. Required attribute '${key}' not specified`);
  for (const [key, value] of Object.entries(inner)) {
    const why = wrong(attributes[key] ?? 'any', value);
    if (why !== undefined) throw bad(`Invalid input for ${key}. Reason: ${why}`);
  }
  return inner;
}

function wrong(kind: string, value: Json | undefined): string | undefined {
  switch (kind) {
    case 'text':
      if (typeof value !== 'string') return `'${String(value)}' is not a valid string.`;
      return value.length > LONGEST ? `'${value}' exceeds maximum length of ${LONGEST}.` : undefined;
    case 'uuid':
      return value === null || UUID.test(String(value))
        ? undefined
        : `'${String(value)}' is not a valid UUID.`;
    case 'uuids':
      return (Array.isArray(value) ? value : []).map((each) => wrong('uuid', each)).find((why) => why);
    default:
      return undefined;
  }
}

function bad(message: string): Refusal {
  return refuse(400, 'HTTPBadRequest', message);
}

export function forbidden(rule: string): Refusal {
  return refuse(403, 'PolicyNotAuthorized', `${rule} is disallowed by policy`);
}

export function mustBeMember(call: AuthedCall, action: string): void {
  if (!hasRole(call.token, 'member', 'admin')) throw forbidden(`rule:${action}`);
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
