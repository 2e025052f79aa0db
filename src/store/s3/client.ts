import type { Clock } from '../../clock.ts';
import { answered, brokenOff, type Reach } from '../../openstack/answers.ts';
import { readBytes } from '../../openstack/body.ts';
import type { Http, HttpMethod, HttpResponse, Timeouts } from '../../openstack/http.ts';
import { retry } from '../../openstack/retry.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import type { Log } from '../../ports/log.ts';
import { type Address, urlOf } from './address.ts';
import { errorOf, readRefusal, refusalIn } from './refusal.ts';
import { type Remedy, remedyFor } from './remedy.ts';
import { amzDate, authorization, type Credentials, queryOf, sha256Of } from './sign.ts';

/**
 * Gives the credentials to sign with.
 *
 * @param refused those that the server no longer takes: give others, if there are any
 */
export type CredentialSource = (refused?: Credentials) => Promise<Credentials>;

export interface S3Dependencies {
  readonly credentials: CredentialSource;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: () => AbortSignal | undefined;
  /** Between 0 and 1, for the jitter. */
  readonly random?: () => number;
}

/** For hints about its server. */
export const S3: Reach = {
  address: '`s3-endpoint`',
  authority: 'set NODE_EXTRA_CA_CERTS to its file',
};

export interface S3Call {
  /** What is tried, as a phrase: "read p from s3://backups". */
  readonly doing: string;
  readonly method: HttpMethod;
  /** Of the object; empty: the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The signature holds the SHA-256; the MD5 is for servers that demand it. Both in lower-case hex. */
  readonly body?: { readonly bytes: Buffer; readonly sha256: string; readonly md5: () => string };
  readonly ok: readonly number[];
  readonly timeouts?: Timeouts;
  /** Cleans up, so it has time of its own when the run is stopped. */
  readonly cleansUp?: boolean;
}

const EMPTY = sha256Of('');
/** A page of 1,000 names of the longest kind is shorter. */
const LONGEST_ANSWER = 8 * 1024 * 1024;
const IF_NONE_MATCH = 'if-none-match';

/** Signs and sends requests to one bucket. Repeats what may be repeated, and does what a refusal asks for, once each. */
export class S3Client {
  readonly #address: Address;
  readonly #dependencies: S3Dependencies;
  #region: string;
  /** How far the server's clock is ahead, milliseconds. */
  #offset = 0;
  /** Whether the server knows `If-None-Match`. */
  #isConditional = true;
  /** Whether it demands the MD5 of what is put, as AWS does where buckets lock objects by default. */
  #wantsMd5 = false;

  constructor(address: Address, region: string, dependencies: S3Dependencies) {
    this.#address = address;
    this.#region = region;
    this.#dependencies = dependencies;
  }

  /**
   * @param use takes the answer, whose status is in `ok`; it may be called again if it throws
   * @throws InputError where bucket, keys or region are wrong; CloudError for every other refusal
   */
  call<T>(call: S3Call, use: (answer: HttpResponse) => Promise<T>): Promise<T> {
    const { clock, log, random } = this.#dependencies;
    const signal = this.#dependencies.signal();
    const lasts = call.cleansUp === true && signal?.aborted ? AbortSignal.timeout(WIND_UP_MS) : signal;
    const options = { clock, log, signal: lasts, ...(random === undefined ? {} : { random }) };
    return retry(true, () => this.#attempt(call, use, lasts), options);
  }

  async #attempt<T>(
    call: S3Call,
    use: (answer: HttpResponse) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { credentials: source, clock, log } = this.#dependencies;
    const tried = new Set<string>();
    let credentials = await source();
    let host: string | undefined;
    for (;;) {
      const url = urlOf(this.#address, this.#region, call.key);
      if (host !== undefined) url.host = host;
      const at = clock.now() + this.#offset;
      const answer = await this.#exchange(call, url, credentials, at, signal);
      if (call.ok.includes(answer.status)) return use(answer);
      const refusal = await readRefusal(answer, clock.now());
      const remedy = remedyFor(refusal, {
        method: call.method,
        host: url.hostname,
        region: this.#region,
        at,
        isTemporary: credentials.sessionToken !== undefined,
        isConditional: IF_NONE_MATCH in this.#known(call.headers),
        hasMd5: call.body === undefined || this.#wantsMd5,
      });
      if (remedy === undefined || tried.has(remedy.what)) throw errorOf(call.doing, refusal);
      tried.add(remedy.what);
      log.debug(`${call.doing}: HTTP ${refusal.status} ${refusal.words}; trying with another ${remedy.what}`);
      if (remedy.what === 'host') host = remedy.host;
      else if (remedy.what === 'credential') credentials = await source(credentials);
      else this.#heed(remedy);
    }
  }

  /** What holds for all requests from now on. */
  #heed(remedy: Remedy): void {
    if (remedy.what === 'clock') this.#offset = remedy.date - this.#dependencies.clock.now();
    else if (remedy.what === 'region') this.#region = remedy.region;
    else if (remedy.what === 'header') this.#isConditional = false;
    else if (remedy.what === 'digest') this.#wantsMd5 = true;
  }

  #known(headers: S3Call['headers'] = {}): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).filter(([name]) => this.#isConditional || name !== IF_NONE_MATCH),
    );
  }

  async #exchange(
    { doing, method, key, query, headers, body, timeouts }: S3Call,
    url: URL,
    credentials: Credentials,
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    const { clock, http, log } = this.#dependencies;
    const { sessionToken } = credentials;
    const sha256 = body?.sha256 ?? EMPTY;
    const asked = queryOf(query ?? {});
    const signed = {
      ...this.#known(headers),
      ...(body !== undefined && this.#wantsMd5 && { 'content-md5': base64(body.md5()) }),
      host: url.host,
      'x-amz-content-sha256': sha256,
      'x-amz-date': amzDate(at),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    };
    const proof = authorization(
      { method, path: url.pathname, query: asked, headers: signed, sha256 },
      { region: this.#region, service: 's3' },
      credentials,
    );
    const started = clock.now();
    const request = {
      method,
      url: asked === '' ? url.href : `${url.href}?${asked}`,
      headers: { ...signed, authorization: proof },
      body: body?.bytes,
      signal,
      timeouts,
    };
    const answer = await answered(doing, () => http.send(request), signal, S3);
    log.debug(`${method} ${url.host} ${key}: ${answer.status} in ${clock.now() - started} ms`);
    return answer;
  }
}

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

/**
 * The text of an answer.
 *
 * @throws CloudError if it is cut short, or is an error all the same
 */
export async function textOf(doing: string, answer: HttpResponse): Promise<string> {
  const text = String(await brokenOff(doing, readBytes(answer.body, LONGEST_ANSWER)));
  const refusal = refusalIn(text, answer);
  if (refusal !== undefined) throw errorOf(doing, refusal);
  return text;
}
