import type { Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import { answered, brokenOff, decoded, readAnswer, refusal } from './answers.ts';
import { isStream, readBytes } from './body.ts';
import { type Service, splitVersion } from './catalog.ts';
import { type Json, list, object, optionalText, text } from './decode.ts';
import { hasStatus } from './errors.ts';
import type { HttpRequest, HttpResponse, Method, Timeouts } from './http.ts';
import { atLeast, formatMicroversion, lower, type Microversion, parseMicroversion } from './microversions.ts';
import { retry } from './retry.ts';
import type { Session } from './session.ts';

export interface Call<T> {
  /** What the request is for, as a phrase that follows "cannot": "list the volumes". */
  readonly doing: string;
  readonly method: Method;
  /** Below the endpoint, with its leading slash; parts must be encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly json?: unknown;
  /**
   * Sent as it is, instead of `json`; its content-type stands in `headers`. A stream is sent once and destroyed when
   * that fails, so such a request is never repeated.
   */
  readonly body?: Readable | Uint8Array | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Ends the exchange, and the body of its answer, as the session's own does. */
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly ok: readonly number[];
  /** A POST or PATCH that may be repeated without harm. GET, PUT and DELETE may by their nature. */
  readonly idempotent?: boolean | undefined;
  readonly decode: (answer: Json) => T;
}

export type Request = Omit<Call<unknown>, 'decode'>;

/** One service of one project: sends its requests, with the microversion that was agreed on. */
export interface ServiceClient {
  readonly session: Session;
  /** @throws CloudError for every status that is not in `ok`, after the retries that are safe */
  call<T>(call: Call<T>): Promise<T>;
  /** The raw answer, whose body the caller must read to its end or destroy; the same errors and retries. */
  open(call: Request): Promise<HttpResponse>;
  /** The body as it is, at most `limit` bytes. */
  bytes(call: Request, limit: number): Promise<Buffer>;
  /** Whether the cloud has this microversion, for example "3.47". */
  supports(microversion: string): boolean;
}

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
