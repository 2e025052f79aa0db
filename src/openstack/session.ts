import type { Clock } from '../clock.ts';
import { InputError, OperationError } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import { answered, decoded, readAnswer, refusal } from './answers.ts';
import { isStream } from './body.ts';
import { checkRegion, endpointOf, plainDoubt, regionsOf, type Service } from './catalog.ts';
import { cloudClock, differenceTold, offsetOf } from './cloud-time.ts';
import type { CloudConfig } from './config/cloud.ts';
import type { ServiceClient, Session } from './connection.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';
import { decodeToken, TOKENS, type Token, tokenRequest } from './identity/v3/tokens.ts';
import { loginHint } from './login-hint.ts';
import { retry } from './retry.ts';
import { openService } from './service.ts';

export interface SessionDependencies {
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with each secret as soon as it is known, so that no sink ever shows it. */
  readonly secret: (value: string | Uint8Array) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A token with less life left is renewed: keystoneauth's MIN_TOKEN_LIFE_SECONDS. */
const LEAST_LIFE_MS = 120_000;
/** A token of this age counts as fresh for a long job of the cloud. */
const FRESH_MS = 60_000;
/** How long cleaning up may take after a stop: a runner sends SIGTERM 7.5 s after SIGINT. */
export const WIND_UP_MS = 5_000;

/**
 * Logs in to a cloud.
 *
 * @throws InputError if Keystone refuses the credentials
 * @throws CloudError when it does not answer
 */
export async function openSession(config: CloudConfig, dependencies: SessionDependencies): Promise<Session> {
  for (const secret of secretsOf(config)) dependencies.secret(secret);
  const login = await logIn(config, dependencies);
  checkRegion(login.token.catalog, config);
  const told = differenceTold(login.offset);
  if (told !== undefined) dependencies.log.warn(told);
  return new CloudSession(config, dependencies, login);
}

class CloudSession implements Session {
  readonly config: CloudConfig;
  readonly #dependencies: SessionDependencies;
  readonly #services = new Map<Service, Promise<ServiceClient>>();
  readonly #clock: Clock;
  #token: Token;
  /** Updated at each login, and only upward: a machine that slept lags behind, and time must never go back. */
  #offset: number;
  #renewal: Promise<Token> | undefined;
  #signal: AbortSignal | undefined;

  constructor(config: CloudConfig, dependencies: SessionDependencies, { token, offset }: Login) {
    this.config = config;
    this.#dependencies = dependencies;
    this.#token = token;
    this.#offset = offset;
    this.#clock = cloudClock(dependencies.clock, () => this.#offset);
    this.#signal = dependencies.signal;
  }

  get scope(): Omit<Token, 'value' | 'catalog'> {
    const { value: _value, catalog: _catalog, ...scope } = this.#token;
    return scope;
  }

  get clock(): Clock {
    return this.#clock;
  }

  get log(): Log {
    return this.#dependencies.log;
  }

  secret(value: string | Uint8Array): void {
    this.#dependencies.secret(value);
  }

  get signal(): AbortSignal | undefined {
    return this.#signal;
  }

  windUp(): void {
    if (this.#signal?.aborted) this.#signal = AbortSignal.timeout(WIND_UP_MS);
  }

  region(service: Service): string {
    return this.config.services[service].region ?? regionsOf(service, this.#token.catalog)[0] ?? '';
  }

  service(service: Service): Promise<ServiceClient> {
    let client = this.#services.get(service);
    if (client === undefined) {
      checkRegion(this.#token.catalog, this.config, [service]);
      const endpoint = endpointOf(service, this.#token.catalog, this.config, this.#token);
      const doubt = plainDoubt(service, endpoint, this.config);
      if (doubt !== undefined) this.log.warn(doubt);
      client = openService(service, endpoint, this);
      client.catch(() => this.#services.delete(service));
      this.#services.set(service, client);
    }
    return client;
  }

  has(service: Service): boolean {
    return (
      this.config.services[service].endpoint !== undefined ||
      regionsOf(service, this.#token.catalog).length > 0
    );
  }

  async freshToken(): Promise<number> {
    const clock = this.#clock;
    if (this.config.auth.type !== 'token' && clock.now() - Date.parse(this.#token.issuedAt) > FRESH_MS)
      await this.#renew();
    return Date.parse(this.#token.expiresAt) - clock.now();
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    if (
      Date.parse(this.#token.expiresAt) - this.#clock.now() < LEAST_LIFE_MS &&
      this.config.auth.type !== 'token'
    )
      await this.#renew();
    const token = this.#token;
    const answer = await this.#exchange(request, token);
    if (answer.status !== 401 || this.config.auth.type === 'token' || isStream(request.body)) return answer;
    answer.body.resume();
    if (token === this.#token) await this.#renew();
    return this.#exchange(request, this.#token);
  }

  async #exchange(request: HttpRequest, token: Token): Promise<HttpResponse> {
    const { clock, http, log } = this.#dependencies;
    const started = clock.now();
    const answer = await http.send({
      ...request,
      headers: { ...request.headers, 'x-auth-token': token.value },
      signal: request.signal ?? this.#signal,
    });
    log.debug(
      `${request.method} ${new URL(request.url).pathname}: ${answer.status} in ${clock.now() - started} ms ${answer.headers['x-openstack-request-id'] ?? ''}`,
    );
    return answer;
  }

  /** Shares one renewal among concurrent callers. */
  #renew(): Promise<Token> {
    this.#renewal ??= logIn(this.config, this.#dependencies)
      .then(({ token, offset }) => {
        this.#token = token;
        this.#offset = Math.max(this.#offset, offset);
        return token;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }
}

function secretsOf(config: CloudConfig): string[] {
  const { auth } = config;
  const own = auth.type === 'password' ? auth.password : auth.type === 'token' ? auth.token : auth.secret;
  return config.key === undefined ? [own] : [own, config.key];
}

interface Login {
  readonly token: Token;
  /** How far the cloud's clock is ahead, milliseconds. */
  readonly offset: number;
}

async function logIn(config: CloudConfig, dependencies: SessionDependencies): Promise<Login> {
  const { auth } = config;
  const { clock, http, log, signal } = dependencies;
  const request: HttpRequest = {
    method: 'POST',
    url: `${auth.authUrl}${TOKENS}`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(tokenRequest(auth)),
    signal,
  };
  const doing = `log in to cloud "${config.name}" at ${auth.authUrl}`;
  try {
    // A token cannot be looked up by a tag, and one more does no harm.
    return await retry(true, () => requestToken(doing, request, http, clock, dependencies.secret), {
      clock,
      log,
      signal,
    });
  } catch (error) {
    // Here a refusing proxy is wrong input: the cloud has not been asked anything yet.
    if (error instanceof OperationError) throw new InputError(error.message, error.hint, error);
    const said = loginHint(error, auth);
    if (said === undefined) throw error;
    throw new InputError((error as Error).message, said, error);
  }
}

async function requestToken(
  doing: string,
  request: HttpRequest,
  http: Http,
  clock: Clock,
  secret: (value: string) => void,
): Promise<Login> {
  const sent = clock.now();
  const answer = await answered(doing, () => http.send(request), request.signal);
  const received = clock.now();
  const value = answer.headers['x-subject-token'];
  if (value !== undefined) secret(value);
  if (answer.status !== 201 || value === undefined) throw await refusal(doing, answer, clock.now());
  const token = await decoded(
    doing,
    () => readAnswer(answer),
    (json) => decodeToken(value, json),
  );
  const date = Date.parse(answer.headers['date'] ?? '');
  return { token, offset: Number.isNaN(date) ? 0 : offsetOf({ sent, received, date }) };
}
