import { InputError } from '../../errors.ts';

export type Beat = 'start' | 'success' | 'fail';

/**
 * Parses the secret URL that a run pings. No message ever contains any of it.
 *
 * @throws InputError if it is not a URL
 */
export function parseHeartbeat(given: string): URL {
  const url = URL.canParse(given.trim()) ? new URL(given.trim()) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '' && url.hash === '')
    return url;
  throw new InputError(
    '`heartbeat` is not an http or https URL',
    'Give the ping URL of the check, without /start or /fail. Nothing was changed.',
  );
}

/** Follows healthchecks.io and its like: `/start` and `/fail` after the path, before a query. */
export function beatUrl(url: URL, beat: Beat): string {
  if (beat === 'success') return url.href;
  const told = new URL(url);
  told.pathname = `${url.pathname.replace(/\/+$/, '')}/${beat}`;
  return told.href;
}

/** The parts to mask: a server or a proxy may repeat only one of them. */
export function heartbeatSecrets(url: URL): string[] {
  const path = `${url.pathname}${url.search}`;
  const parts = path.split(/[/?&=]/).filter((part) => /^(?=.*\d)[\w%~-]{12,}$/.test(part));
  return [url.href, `${url.host}${path}`, ...(path.length > 8 ? [path] : []), ...parts, url.password].filter(
    (secret) => secret !== '',
  );
}
