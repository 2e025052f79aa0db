/** Mischief on demand: what a network, a proxy, a dying token or a failing backend do to a client, each counted. */
import type { Json, ServiceName } from './http.ts';

export interface FaultWhen {
  service?: ServiceName;
  method?: string;
  /** A string must occur in the path (query included), a RegExp must match it. */
  path?: RegExp | string;
  body?: (parsed: Json | undefined) => boolean;
  /** Strike from the nth matching request on (1 is the first). */
  nth?: number;
  /** How often; once if not said. Use Infinity for always. */
  times?: number;
}

export type FaultDeed =
  /** Answer so and carry nothing out. Without `body`, the service's own error shape. */
  | { status: number; body?: Json; headers?: Record<string, string>; message?: string }
  /** Carry it out, then answer so. */
  | { doneThen: number }
  /** Carry it out, then break the connection without an answer. */
  | 'lost-response'
  /** Break the connection before anything is carried out. */
  | 'connection-reset'
  /** Carry it out, announce the whole body, send half of it, break the connection. */
  | 'cut-body'
  /** Carry it out; one bit in the middle of the body is another one. */
  | 'flipped-bit'
  /** Break the connection in the middle of the body that the client sends. */
  | 'cut-upload'
  /** Carry it out and spread the body over so long. */
  | { slowBody: number }
  /** Carry it out, but the work it starts never ends: the resource keeps its transient status. */
  | 'stuck'
  /** Carry it out, but the work it starts fails, with this reason and user message. */
  | { failLater: string; detail?: string }
  /** Carry it out; then the first GETs of the new resource answer 404, as another API node may. */
  | { notFoundAfterCreate: number }
  /** Carry it out; the token it came with is dead right after, also for the work started with it. */
  | 'token-dies';

export interface Fault {
  when: FaultWhen;
  do: FaultDeed;
}

export interface FaultHit {
  fault: Fault;
  method: string;
  path: string;
  time: Date;
}

export interface FaultHandle {
  readonly hits: number;
  remove(): void;
}

interface Planted extends Fault {
  seen: number;
  hits: number;
}

interface Asked {
  service: ServiceName;
  method: string;
  path: string;
  body: Json | undefined;
}

function matches(when: FaultWhen, asked: Asked): boolean {
  if (when.service !== undefined && when.service !== asked.service) return false;
  if (when.method !== undefined && when.method.toUpperCase() !== asked.method) return false;
  if (typeof when.path === 'string' && !asked.path.includes(when.path)) return false;
  if (when.path instanceof RegExp && asked.path.search(when.path) < 0) return false;
  return when.body === undefined || when.body(asked.body);
}

export class Faults {
  #planted: Planted[] = [];
  /** Every strike, in order. */
  readonly hits: FaultHit[] = [];

  add(fault: Fault): FaultHandle {
    const planted: Planted = { ...fault, seen: 0, hits: 0 };
    this.#planted.push(planted);
    return {
      get hits() {
        return planted.hits;
      },
      remove: () => {
        this.#planted = this.#planted.filter((each) => each !== planted);
      },
    };
  }

  /** Takes all faults away; `hits` stays for assertions. */
  clear(): void {
    this.#planted = [];
  }

  /** The deeds for one request. Every matching fault counts it; those that are due strike. */
  strike(asked: Asked): FaultDeed[] {
    const deeds: FaultDeed[] = [];
    for (const planted of this.#planted) {
      if (!matches(planted.when, asked)) continue;
      planted.seen += 1;
      const { nth = 1, times = 1 } = planted.when;
      if (planted.seen < nth || planted.hits >= times) continue;
      planted.hits += 1;
      this.hits.push({ fault: planted, method: asked.method, path: asked.path, time: new Date() });
      deeds.push(planted.do);
    }
    return deeds;
  }
}
