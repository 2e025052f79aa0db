import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Json } from '../decode.ts';
import type { Log } from '../ports/log.ts';
import type { Service } from './catalog.ts';
import type { CloudConfig } from './config/cloud.ts';
import type { HttpMethod, HttpRequest, HttpResponse, Timeouts } from './http.ts';
import type { Token } from './identity/v3/tokens.ts';

/** A login to one project of one cloud. Holds and renews the token, finds services, and knows nothing of backups. */
export interface Session {
  readonly config: CloudConfig;
  /** The token without its secret: user, project, roles, expiry. */
  readonly scope: Omit<Token, 'value' | 'catalog'>;
  /** The cloud's time. This machine's own may be hours off. */
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  /** Call it with every secret read from the cloud, before the secret goes anywhere. */
  secret(value: string | Uint8Array): void;
  /** Call it when the run must stop: requests from then on clean up, and have time of their own. */
  windUp(): void;
  /** The region: the given one, else the only one that the service has. */
  region(service: Service): string;
  /** @throws InputError if the catalogue has no such service */
  service(service: Service): Promise<ServiceClient>;
  has(service: Service): boolean;
  /**
   * Takes a new token unless this one is fresh. Call it before every long job of the cloud: Cinder keeps using the
   * caller's token, even to clone a key at the end of an encrypted restore.
   *
   * @returns how long the token is valid, milliseconds
   */
  freshToken(): Promise<number>;
  /**
   * Sends one request. Renews the token before it expires, and once on a 401 unless the body is a stream.
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
   * Sent as it is, instead of `json`; its content-type is in `headers`. A stream is sent once, and destroyed if that
   * fails, so such a request is never repeated.
   */
  readonly body?: Readable | Uint8Array | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Ends the exchange and the body of its answer, as the session's own signal does. */
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly ok: readonly number[];
  /** Marks a POST or PATCH as safe to repeat. GET, PUT and DELETE always are. */
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
