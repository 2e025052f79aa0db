/** What Cinder's handlers share: their call, the shape of errors, and policy. */
import { hasRole } from '../core.ts';
import { type AuthedCall, Refusal, type Reply } from '../http.ts';
import type { Token } from '../state.ts';

export interface CinderCall extends AuthedCall {
  /** 71 for 3.71. */
  readonly minor: number;
  /** The project id where the URL had one: links repeat it only then. */
  readonly urlProject: string;
}

/** Who a piece of asynchronous work belongs to. */
export interface Actor {
  readonly token: Token;
  readonly projectId: string;
  readonly requestId: string;
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
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** cinder/api/openstack/wsgi.py Fault. 413 always says to retry at once, though it never helps. */
export function fault(status: number, message: string): Reply {
  const name = FAULT_NAMES[status] ?? 'computeFault';
  return status === 413
    ? {
        status,
        headers: { 'Retry-After': '0' },
        json: { [name]: { code: status, message, retryAfter: '0' } },
      }
    : { status, json: { [name]: { code: status, message } } };
}

export function refuse(status: number, message: string): Refusal {
  return new Refusal(fault(status, message), message);
}

export function missing(what: string, id: string): Refusal {
  return refuse(404, `${what} ${id} could not be found.`);
}

/** webob's text for an exception that nobody gave one. */
export const SERVER_ERROR =
  'The server has either erred or is incapable of performing the requested operation.';
export const CLIENT_ERROR =
  'The server could not comply with the request since it is either malformed or otherwise incorrect.';

/** Readers read. */
export function mustBeMember(call: CinderCall, policy: string): void {
  if (!hasRole(call.token, 'member', 'admin')) {
    throw refuse(403, `Policy doesn't allow ${policy} to be performed.`);
  }
}

export function mustBeAdmin(call: CinderCall, policy: string): void {
  if (!hasRole(call.token, 'admin')) throw refuse(403, `Policy doesn't allow ${policy} to be performed.`);
}

export function links(call: CinderCall, collection: string, id: string): { rel: string; href: string }[] {
  const project = call.urlProject === '' ? '' : `${call.urlProject}/`;
  return [
    { rel: 'self', href: `${call.linkOrigin}/volume/v3/${project}${collection}/${id}` },
    { rel: 'bookmark', href: `${call.linkOrigin}/volume/${project}${collection}/${id}` },
  ];
}
