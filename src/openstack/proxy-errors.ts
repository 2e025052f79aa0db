import { messageOf, OperationError } from '../errors.ts';
import type { NamedProxy } from './proxies.ts';

/** Its message names the variable; hints about hosts that do not answer do not apply. */
export class ProxyUnreachable extends Error {}

/**
 * What a failure on the way through a proxy means. Undici reports a refused tunnel only in its message.
 *
 * @returns the error as it is if the proxy is not to blame
 */
export function throughProxy(error: unknown, proxy: NamedProxy): unknown {
  const words = messageOf(error);
  const status = Number(/Proxy response \((\d+)\)/.exec(words)?.[1] ?? (/\(407\)/.test(words) ? 407 : NaN));
  const who = `the proxy of ${proxy.variable} (${proxy.origin})`;
  if (status === 407) return new OperationError(asksForPassword(who, proxy), passwordHint(proxy));
  if (status >= 400 && status < 500)
    return new OperationError(
      `${who} refuses to connect to the cloud: HTTP ${status}`,
      "Ask for the cloud's host and port to be allowed there, or put the host into NO_PROXY.",
    );
  if (!Number.isNaN(status)) return new Error(`${who} answers HTTP ${status}`, { cause: error });
  if (
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|ENOTFOUND|EAI_AGAIN/.test(
      `${words} ${codeOf(error)}`,
    )
  )
    return new ProxyUnreachable(`${who} cannot be reached: ${words}`, { cause: error });
  if (/wrong version number|packet length too long/i.test(words) && proxy.origin.startsWith('https:'))
    return new OperationError(
      `${who} does not speak TLS`,
      `Write it as http:// in ${proxy.variable}: requests to the cloud stay encrypted.`,
    );
  return error;
}

function asksForPassword(who: string, { authorization }: NamedProxy): string {
  return authorization === undefined
    ? `${who} asks for a user and password (407)`
    : `${who} rejects the user and password (407)`;
}

function passwordHint({ variable, authorization }: NamedProxy): string {
  return authorization === undefined
    ? `Write them into ${variable}: http://USER:PASSWORD@HOST:PORT.`
    : `Correct them in ${variable}; special characters are percent-encoded there.`;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '');
}
