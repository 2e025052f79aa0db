import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Json } from '../decode.ts';
import type { Log } from '../ports/log.ts';
import type { Service } from './catalog.ts';
import type { CloudConfig } from './config/cloud.ts';
import type { HttpMethod, HttpRequest, HttpResponse, Timeouts } from './http.ts';
import type { Token } from './identity/v3/tokens.ts';

/** A login to one project of one cloud. Holds the token, renews it, and finds the services. Knows nothing of backups. */
export interface Session {
  readonly config: CloudConfig;
  /** What the token is good for: user, project, roles, expiry. Not the secret. */
  readonly scope: Omit<Token, 'value' | 'catalog'>;
  /** The cloud's time. This machine's own may be hours off. */
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  /** To be told of every secret that is read from the cloud, before it goes anywhere. */
  secret(value: string | Uint8Array): void;
  /** The run was told to stop: what is requested from now on cleans up, and has its own time. */
  windUp(): void;
  /** The region worked in: the named one, else the only one that the service has. */
  region(service: Service): string;
  /** @throws InputError if the catalogue has no such service */
  service(service: Service): Promise<ServiceClient>;
  has(service: Service): boolean;
  /**
   * Takes a new token unless this one is fresh. To be called before every long job on the cloud's side: Cinder goes on
   * using the caller's token, up to the clone of a key at the end of an encrypted restore.
   *
   * @returns milliseconds for which the token is good
   */
  freshToken(): Promise<number>;
  /**
   * One request with the token, which is renewed before it runs out and once on a 401, but for a body that is a stream.
   * Not retried otherwise: {@link ServiceClient} does that.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface Call<T> {
  /** What the request is for, as a phrase that follows "cannot": "list the volumes". */
  readonly doing: string;
  readonly method: HttpMethod;
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
