import type { HttpMethod } from '../../openstack/http.ts';
import { isAws } from './address.ts';
import { EXPIRED, type Refusal } from './refusal.ts';

/** What was sent, as far as it matters. */
export interface Sent {
  readonly method: HttpMethod;
  readonly host: string;
  readonly region: string;
  /** The time in it, milliseconds since the epoch. */
  readonly at: number;
  /** Whether the credential was a temporary one. */
  readonly isTemporary: boolean;
  /** Whether it had `If-None-Match`. */
  readonly isConditional: boolean;
  /** Whether it had the MD5 of its body, or has none. */
  readonly hasMd5: boolean;
}

/** What to change before the request is sent again. */
export type Remedy =
  | { readonly what: 'clock'; readonly date: number }
  | { readonly what: 'credential' }
  | { readonly what: 'region'; readonly region: string }
  | { readonly what: 'header' }
  | { readonly what: 'digest' }
  | { readonly what: 'host'; readonly host: string };

/** Servers refuse what is 15 minutes off, and count in whole seconds. */
const SKEW_MS = 5 * 60_000;
/** A server that says another day may want signatures that hold then, or its time may be none. */
const MOST_SKEW_MS = 24 * 3_600_000;

/** What may help against a refusal. An answer to HEAD has no body, so its status alone must tell. */
export function remedyFor(refusal: Refusal, sent: Sent): Remedy | undefined {
  return clock(refusal, sent) ?? region(refusal, sent) ?? credential(refusal, sent) ?? others(refusal, sent);
}

function clock({ status, code, date }: Refusal, { method, at }: Sent): Remedy | undefined {
  if (date === undefined || Math.abs(date - at) > MOST_SKEW_MS) return undefined;
  const isMute = method === 'HEAD' && status === 403 && Math.abs(date - at) > SKEW_MS;
  return code === 'RequestTimeTooSkewed' || isMute ? { what: 'clock', date } : undefined;
}

function region({ status, region: named }: Refusal, sent: Sent): Remedy | undefined {
  return named !== undefined && named !== sent.region && [301, 307, 400, 403].includes(status)
    ? { what: 'region', region: named }
    : undefined;
}

function credential({ status, code }: Refusal, { method, isTemporary }: Sent): Remedy | undefined {
  const isMute = method === 'HEAD' && status === 400 && isTemporary;
  return EXPIRED.includes(code ?? '') || isMute ? { what: 'credential' } : undefined;
}

function others(
  { status, location, words }: Refusal,
  { host, isConditional, hasMd5 }: Sent,
): Remedy | undefined {
  if (status === 501 && isConditional) return { what: 'header' };
  // AWS says "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters".
  if (status === 400 && !hasMd5 && /content-md5/i.test(words)) return { what: 'digest' };
  if (status !== 307 || location === undefined || !URL.canParse(location)) return undefined;
  const to = new URL(location);
  // A signature must not travel to a host that nobody named.
  return to.protocol === 'https:' && isAws(to.hostname) && isAws(host)
    ? { what: 'host', host: to.host }
    : undefined;
}
