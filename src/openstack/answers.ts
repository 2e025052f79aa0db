import { messageOf, PlainError } from '../errors.ts';
import { readBytes } from './body.ts';
import { CloudError, wordsOf } from './errors.ts';
import type { HttpResponse } from './http.ts';
import { ProxyUnreachable } from './proxy-errors.ts';
import { retryAfter } from './retry.ts';

/** The longest answer to read into memory. A page of 1,000 volumes with full metadata is shorter. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** Where people write how to reach a server, for hints. */
export interface Reach {
  readonly address: string;
  /** What to do about its certificate authority. */
  readonly authority: string;
}

const CLOUD: Reach = {
  address: 'auth_url or the endpoint',
  authority: 'give its certificate as `cacert` in clouds.yaml',
};

/** Runs an exchange. Without an answer, throws a CloudError without a status; rethrows an abort. */
export async function answered(
  doing: string,
  exchange: () => Promise<HttpResponse>,
  signal: AbortSignal | undefined,
  reach = CLOUD,
): Promise<HttpResponse> {
  try {
    return await exchange();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof PlainError) throw error;
    const words = messageOf(error);
    const hint = connectionHint(error, reach);
    // OpenSSL's own words, which a cause would add, say nothing more.
    if (NO_TLS.test(words))
      throw new CloudError({ doing, words: 'the server does not speak TLS on that port', hint });
    throw new CloudError({ doing, words, hint, cause: error });
  }
}

/** OpenSSL's words for an answer without TLS. */
const NO_TLS = /wrong.version.number|packet length too long/i;

/** Node's codes of a certificate that cannot be trusted, and of a name that cannot be found. */
function connectionHint(error: unknown, { address, authority }: Reach): string | undefined {
  const words = `${messageOf(error)} ${String((error as { code?: unknown }).code ?? '')}`;
  if (error instanceof ProxyUnreachable)
    return 'Correct or unset that variable, or put the host into NO_PROXY.';
  if (NO_TLS.test(words))
    return `If the server has no TLS, write http://; otherwise correct the port in ${address}.`;
  if (/hung up on plain HTTP/.test(words))
    return `If the server speaks TLS on that port, write https:// in ${address}.`;
  if (/altnames|ALTNAME/.test(words))
    return `The certificate is for another host name: correct the host in ${address}.`;
  if (/expired|EXPIRED/.test(words))
    return 'The certificate has expired: the operator must renew it. Is the clock of this machine right?';
  if (/certificate|self.signed|CERT_/i.test(words))
    return `If the server has its own certificate authority, ${authority}.`;
  if (/ENOTFOUND|EAI_AGAIN/.test(words))
    return `The host name does not resolve: check ${address}, and whether a proxy is needed (HTTPS_PROXY).`;
  if (/ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT|CONNECT_TIMEOUT/.test(words))
    return `Nothing answers there: check ${address}, the network and whether a proxy is needed (HTTPS_PROXY).`;
  return undefined;
}

/** The error that an answer reports. */
export async function refusal(doing: string, answer: HttpResponse, now: number): Promise<CloudError> {
  const body = await readText(answer, 256 * 1024).catch(() => '');
  return new CloudError({
    doing,
    status: answer.status,
    words: wordsOf(body),
    requestId: requestIdOf(answer),
    retryAfterMs: retryAfter(answer.headers['retry-after'], now),
  });
}

function requestIdOf(answer: HttpResponse): string | undefined {
  const id = answer.headers['x-openstack-request-id'] ?? answer.headers['x-compute-request-id'];
  return id !== undefined && /^[\w-]{1,100}$/.test(id) ? id : undefined;
}

/** Treats a body that is cut short as a lost answer. */
export async function brokenOff<T>(doing: string, body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    throw new CloudError({ doing, words: `the answer was cut short: ${messageOf(error)}`, cause: error });
  }
}

/** Reads and decodes a JSON answer. A body cut short is a lost answer; a wrong shape is an error of its own. */
export async function decoded<T>(
  doing: string,
  read: () => Promise<string>,
  decode: (json: unknown) => T,
): Promise<T> {
  const body = await brokenOff(doing, read());
  try {
    return decode(JSON.parse(body));
  } catch (error) {
    throw new CloudError({
      doing,
      status: 200,
      words: `the answer is not what the API describes (${messageOf(error)})`,
      hint: 'Is there a proxy or portal in between? The endpoint in the service catalog may be wrong.',
    });
  }
}

export function readAnswer(answer: HttpResponse): Promise<string> {
  return readText(answer, LONGEST_ANSWER);
}

async function readText(answer: HttpResponse, limit: number): Promise<string> {
  return (await readBytes(answer.body, limit)).toString('utf8');
}
