import { InputError } from '../errors.ts';

export type Beat = 'start' | 'success' | 'fail';

/**
 * The secret URL that a run tells how it goes. No message ever holds a piece of it.
 *
 * @throws InputError if it is none
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

/** As healthchecks.io and what is like it take them: `/start` and `/fail` behind the path, before a query. */
export function beatUrl(url: URL, beat: Beat): string {
  if (beat === 'success') return url.href;
  const told = new URL(url);
  told.pathname = `${url.pathname.replace(/\/+$/, '')}/${beat}`;
  return told.href;
}

/** What of it must never be shown, also where a server or a proxy repeats only a part. */
export function heartbeatSecrets(url: URL): string[] {
  const path = `${url.pathname}${url.search}`;
  const parts = path.split(/[/?&=]/).filter((part) => /^(?=.*\d)[\w%~-]{12,}$/.test(part));
  return [url.href, `${url.host}${path}`, ...(path.length > 8 ? [path] : []), ...parts, url.password].filter(
    (secret) => secret !== '',
  );
}
