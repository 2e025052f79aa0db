import type { Loose, Oddity } from './rewriting-proxy.ts';

const STAMPS = /(_at|^created|^updated|^data_timestamp|^expiration)$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?$/;

/**
 * A cloud whose calendar was moved ahead now and then: what was made before a move keeps the time that it had. Only what
 * the services say of time is changed, not what others wrote into their records.
 */
export class Later {
  readonly #moves: { readonly from: number; readonly ahead: number }[] = [{ from: 0, ahead: 0 }];

  /** How far the calendar is ahead now, in ms. */
  get ahead(): number {
    return this.#moves.at(-1)?.ahead ?? 0;
  }

  pass(ms: number): void {
    this.#moves.push({ from: Date.now(), ahead: this.ahead + ms });
  }

  get oddity(): Oddity {
    return {
      after: (_, json) => this.#move(json),
      headers: (headers) => ({
        ...headers,
        ...(headers.date === undefined
          ? {}
          : { date: new Date(this.#moved(Date.parse(headers.date))).toUTCString() }),
      }),
    };
  }

  #moved(at: number): number {
    // A date has whole seconds.
    const { ahead } = this.#moves.findLast(({ from }) => from - 1000 <= at) ?? { ahead: 0 };
    return at + ahead;
  }

  #move(json: Loose): void {
    if (json === null || typeof json !== 'object') return;
    for (const [key, value] of Object.entries(json)) {
      if (typeof value !== 'string') this.#move(value);
      else if (STAMPS.test(key) && ISO.test(value)) json[key] = this.#stamp(value);
    }
  }

  /** In the form that it had. */
  #stamp(text: string): string {
    const [, fraction = '', zone = ''] = ISO.exec(text) ?? [];
    const at = this.#moved(Date.parse(zone === '' ? `${text}Z` : text));
    return `${new Date(at).toISOString().slice(0, 19)}${fraction}${zone}`;
  }
}
