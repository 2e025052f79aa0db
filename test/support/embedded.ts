import type { Clock } from '../../src/clock.ts';
import type { Environment } from '../../src/environment.ts';
import { loadCloud } from '../../src/openstack/config/load.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { openHttp } from '../../src/openstack/http.ts';
import { openSession } from '../../src/openstack/session.ts';
import { type Log, silentLog } from '../../src/ports/log.ts';
import { type EmbeddedCloud, type EmbeddedCloudOptions, startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { environmentOn } from './environment.ts';
import { fastClock } from './in-process.ts';

export interface OpenCloud extends AsyncDisposable {
  readonly cloud: EmbeddedCloud;
  readonly session: Session;
  /** What a step works with that is called by itself, and never told to stop. */
  readonly environment: Environment;
  /** All that the session was told is secret. */
  readonly secrets: readonly (string | Uint8Array)[];
  /** Method and path of what was asked of a service since the cloud started: "POST /image/v2/images". */
  asked(prefix: string): string[];
}

export interface SessionWish {
  readonly user?: string;
  /** By service type: `image`. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** A hundred times as fast as the real one unless told. */
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A cloud of its own and a user's session with it. */
export async function openEmbedded(
  options: EmbeddedCloudOptions = {},
  { user = 'demo', endpoints = {}, clock = fastClock(), log = silentLog }: SessionWish = {},
): Promise<OpenCloud> {
  const cloud = await startEmbeddedCloud({ gibBytes: 4 * 1024 ** 2, ...options });
  const http = openHttp({ verify: true }, {});
  const secrets: (string | Uint8Array)[] = [];
  const config = await loadCloud({}, cloud.openrc(user), '/nonexistent');
  const overridden = Object.fromEntries(
    Object.entries(endpoints).map(([type, endpoint]) => [
      type,
      { ...config.services[type as keyof typeof config.services], endpoint },
    ]),
  );
  const session = await openSession(
    { ...config, services: { ...config.services, ...overridden } },
    { http, clock, log, secret: (value) => secrets.push(value) },
  );
  const environment = environmentOn(session);
  return {
    cloud,
    session,
    environment,
    secrets,
    asked: (prefix) =>
      cloud.requests
        .map(({ method, path }) => `${method} ${path}`)
        .filter((line) => line.includes(` ${prefix}`)),
    async [Symbol.asyncDispose]() {
      await environment.ledger.close();
      await http.close();
      await cloud.close();
      if (cloud.errors.length > 0) throw new AggregateError(cloud.errors, 'the embedded cloud failed');
    },
  };
}
