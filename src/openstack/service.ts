import type { Readable } from 'node:stream';
import { type Json, object } from '../decode.ts';
import { answered, brokenOff, decoded, readAnswer, refusal } from './answers.ts';
import { isStream, readBytes } from './body.ts';
import type { Service } from './catalog.ts';
import type { Call, Request, ServiceClient, Session } from './connection.ts';
import { type HttpRequest, type HttpResponse, isIdempotent } from './http.ts';
import { atLeast, formatMicroversion, type Microversion } from './microversions.ts';
import { retry } from './retry.ts';
import { agree } from './versions.ts';

export const nothing = (): void => undefined;

export async function openService(
  service: Service,
  endpoint: string,
  session: Session,
): Promise<ServiceClient> {
  const ask = <T>(url: string, decode: (answer: Json) => T) =>
    clientAt(url, session, undefined, {}).call({
      doing: `find the API versions of ${service} at ${url}`,
      method: 'GET',
      path: '',
      ok: [200, 300],
      decode,
    });
  const { base, name, version } = await agree(service, endpoint, ask, session.log);
  return clientAt(
    base,
    session,
    version,
    version === undefined ? {} : { 'openstack-api-version': `${name} ${formatMicroversion(version)}` },
  );
}

function clientAt(
  base: string,
  session: Session,
  version: Microversion | undefined,
  always: Record<string, string>,
): ServiceClient {
  const { clock, log } = session;
  /** The body belongs to the exchange: if it is cut short, the request is repeated. */
  const retried = <T>(call: Request, use: (answer: HttpResponse) => Promise<T>): Promise<T> => {
    const exchanged = async () => use(await exchange(base, always, call, session));
    if (isStream(call.body)) return sentOnce(call.body, exchanged);
    return retry(call.idempotent ?? isIdempotent(call.method), exchanged, {
      clock,
      log,
      signal: either(session.signal, call.signal),
    });
  };
  return {
    session,
    open: (call) => retried(call, async (answer) => answer),
    bytes: (call, limit) => retried(call, (answer) => brokenOff(call.doing, readBytes(answer.body, limit))),
    call: (call) =>
      retried(call, async (answer) => {
        if (answer.status !== 204 && call.decode !== (nothing as unknown))
          return decoded(
            call.doing,
            () => readAnswer(answer),
            (json) => call.decode(object(json)),
          );
        await readAnswer(answer).catch(() => '');
        return call.decode({});
      }),
    supports: (microversion) => version !== undefined && atLeast(version, microversion),
  };
}

async function sentOnce<T>(body: Readable, exchanged: () => Promise<T>): Promise<T> {
  try {
    return await exchanged();
  } catch (error) {
    body.destroy();
    throw error;
  }
}

async function exchange(
  base: string,
  always: Record<string, string>,
  call: Request,
  session: Session,
): Promise<HttpResponse> {
  const request: HttpRequest = {
    method: call.method,
    url: `${base}${call.path}${queryOf(call.query)}`,
    headers: {
      accept: 'application/json',
      ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...always,
      ...call.headers,
    },
    body: call.json === undefined ? call.body : JSON.stringify(call.json),
    timeouts: call.timeouts,
    signal: either(session.signal, call.signal),
  };
  const answer = await answered(call.doing, () => session.send(request), session.signal);
  if (call.ok.includes(answer.status)) return answer;
  throw await refusal(call.doing, answer, session.clock.now());
}

/** A signal that is aborted when one of the two is. */
export function either(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

function queryOf(query: Call<unknown>['query']): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {}))
    if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
