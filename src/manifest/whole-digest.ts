import type { Payload } from './schema.ts';

/** The digest of a payload's unpacked bytes: the algorithm by the name of node:crypto, the value as lower-case hex. */
export function wholeDigest(payload: Payload): { readonly algorithm: string; readonly value: string } {
  return payload.layout === 'file' ? { algorithm: 'sha256', value: payload.sha256 } : payload.digest;
}
