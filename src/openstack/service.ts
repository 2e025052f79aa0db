import type { Readable } from 'node:stream';
import { type Json, list, object, optionalText, text } from '../decode.ts';
import { messageOf } from '../errors.ts';
import { answered, brokenOff, decoded, readAnswer, refusal } from './answers.ts';
import { isStream, readBytes } from './body.ts';
import { type Service, splitVersion } from './catalog.ts';
import type { Call, Request, ServiceClient, Session } from './connection.ts';
import { hasStatus } from './errors.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { atLeast, formatMicroversion, lower, type Microversion, parseMicroversion } from './microversions.ts';
import { retry } from './retry.ts';

/** What we speak at most: the versions whose changes were read. */
const MICROVERSIONED: Partial<Record<Service, { readonly name: string; readonly highest: string }>> = {
  'block-storage': { name: 'volume', highest: '3.71' },
  compute: { name: 'compute', highest: '2.100' },
};

export const nothing = (): void => undefined;

export async function openService(
  service: Service,
  endpoint: string,
  session: Session,
): Promise<ServiceClient> {
  const { root, versioned } = splitVersion(service, endpoint);
  const known = MICROVERSIONED[service];
  const unversioned = clientAt(root, session, undefined, {});
  const version = known === undefined ? undefined : await negotiate(service, unversioned, known.highest);
  if (known === undefined || version === undefined) return clientAt(versioned, session, undefined, {});
  return clientAt(versioned, session, version, {
    'openstack-api-version': `${known.name} ${formatMicroversion(version)}`,
  });
}

function clientAt(
  base: string,
  session: Session,
  version: Microversion | undefined,
  always: Record<string, string>,
): ServiceClient {
  const { clock, log } = session;
  /** The body belongs to the exchange: one that is cut short is asked for again. */
  const retried = <T>(call: Request, use: (answer: HttpResponse) => Promise<T>): Promise<T> => {
    const exchanged = async () => use(await exchange(base, always, call, session));
    if (isStream(call.body)) return sentOnce(call.body, exchanged);
    return retry(call.idempotent ?? !['POST', 'PATCH'].includes(call.method), exchanged, {
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

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

function queryOf(query: Call<unknown>['query']): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {}))
    if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/**
 * The highest microversion that both sides know. A cloud that hides its version document gets requests without a
 * version, which every service answers with its oldest behaviour; features then degrade one by one.
 */
async function negotiate(
  service: Service,
  unversioned: ServiceClient,
  highest: string,
): Promise<Microversion | undefined> {
  const wanted = parseMicroversion(highest);
  if (wanted === undefined) throw new TypeError(`${highest} is not a microversion`);
  const ask = (path: string) =>
    unversioned.call({
      doing: `find the API versions of ${service}`,
      method: 'GET',
      path,
      ok: [200, 300],
      decode: (answer) => highestOffered(answer, wanted.major),
    });
  try {
    const offered = await ask('/')
      .catch(hiddenOnly)
      .then((found) => found ?? ask(`/v${wanted.major}/`));
    return offered === undefined ? undefined : lower(offered, wanted);
  } catch (error) {
    hiddenOnly(error);
    unversioned.session.log.warn(`${messageOf(error)}; going on with the oldest version of the API`);
    return undefined;
  }
}

/** A document that is hidden says nothing of the cloud; a service that is ill must not pass for an old one. */
function hiddenOnly(error: unknown): undefined {
  if (!hasStatus(error, 403, 404, 405)) throw error;
  return undefined;
}

function highestOffered(answer: Json, major: number): Microversion | undefined {
  const versions = list(answer, 'versions', (version) => ({
    id: text(version, 'id'),
    max: optionalText(version, 'version') ?? '',
  }));
  return versions
    .map((version) => parseMicroversion(version.max))
    .find((version) => version !== undefined && version.major === major);
}
