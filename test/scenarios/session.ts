import { systemClock } from '../../src/clock.ts';
import { loadCloud } from '../../src/openstack/config/load.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { type Http, openHttp } from '../../src/openstack/http.ts';
import { openSession } from '../../src/openstack/session.ts';
import { silentLog } from '../../src/ports/log.ts';
import type { Person } from './world.ts';

/** Sessions for looking at a cloud in tests, one a user. */
export class Sessions {
  readonly #open = new Map<string, Promise<Session>>();
  readonly #https: Http[] = [];
  readonly #environmentOf: (user: Person) => Readonly<Record<string, string>>;

  constructor(environmentOf: (user: Person) => Readonly<Record<string, string>>) {
    this.#environmentOf = environmentOf;
  }

  of(user: Person = 'demo'): Promise<Session> {
    let session = this.#open.get(user);
    if (session === undefined) {
      session = this.#logIn(this.#environmentOf(user));
      this.#open.set(user, session);
    }
    return session;
  }

  async close(): Promise<void> {
    for (const http of this.#https) await http.close();
  }

  async #logIn(environment: Readonly<Record<string, string>>): Promise<Session> {
    const config = await loadCloud({}, environment, '/nonexistent');
    const http = openHttp({ verify: true }, {});
    this.#https.push(http);
    return openSession(config, { http, clock: systemClock, log: silentLog, secret: () => undefined });
  }
}
