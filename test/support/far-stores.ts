import { createHash } from 'node:crypto';
import type { Container, EmbeddedCloud, FaultDeed } from '../fakes/cloud/index.ts';
import { errorXml, type FakeRequest, type FakeS3, type Fault } from '../fakes/s3/index.ts';

/** One request to a store, whichever it is. */
export interface Asked {
  readonly method: string;
  /** With the prefix; empty: a list. */
  readonly key: string;
}

/** A store off the cloud that goes wrong on demand. */
export interface FarStore {
  /** As `store` takes it. */
  readonly place: string;
  /** The inputs that say how to reach it. */
  readonly access: Readonly<Record<string, string>>;
  /** All that it was ever asked. */
  asked(): readonly Asked[];
  /** With the prefix. */
  held(): Map<string, Buffer>;
  /** All is there again, as old as it was, and nothing else. */
  copy(): () => void;
  alter(key: string, bytes: Buffer): void;
  /** What it can do wrong. */
  readonly kinds: readonly Kind[];
  /**
   * From the nth request on.
   *
   * @param hides what a list lacks that is stale
   */
  strike(kind: Kind, nth: number, hides: ReadonlySet<string>): { readonly hits: number };
  /** Nothing goes wrong any more. */
  calm(): void;
}

export const KINDS = {
  'a kill': { at: () => true },
  '503 for two minutes': { at: () => true },
  '500 after it was done': { at: ({ method }) => method === 'PUT' || method === 'DELETE' },
  'a lost answer': { at: () => true },
  'a cut body': { at: isRead },
  'bodies that are always cut': { at: isRead },
  '200 with an error inside': { at: ({ method }) => method !== 'HEAD' && method !== 'DELETE' },
  'a credential that expires': { at: () => true },
  'a full quota': { at: ({ method }) => method === 'PUT' },
  'a full disk, 507': { at: ({ method }) => method === 'PUT' },
  'a list that is stale': { at: ({ method, key }) => method === 'GET' && key === '' },
  'a clock that jumps ahead': { at: () => true },
  'a clock that jumps back': { at: () => true },
} as const satisfies Record<string, { at(asked: Asked): boolean }>;
export type Kind = keyof typeof KINDS;

function isRead({ method }: Asked): boolean {
  return method === 'GET';
}

const OUTAGE_MS = 120_000;
const JUMP_MS = 3 * 3_600_000;
const ALWAYS = Number.POSITIVE_INFINITY;
const INTERNAL = errorXml('InternalError', 'We encountered an internal error. Please try again.');

const S3_FAULTS: Readonly<Record<Kind, { fault?: Fault; times: number; ahead?: number }>> = {
  'a kill': { fault: { hangUp: 'before' }, times: ALWAYS },
  '503 for two minutes': {
    fault: { answer: 503, body: errorXml('SlowDown', 'Please reduce your request rate.') },
    times: ALWAYS,
  },
  '500 after it was done': { fault: { instead: 500, body: INTERNAL }, times: 1 },
  'a lost answer': { fault: { hangUp: 'after' }, times: 1 },
  'a cut body': { fault: { cut: 40 }, times: 1 },
  'bodies that are always cut': { fault: { cut: 40 }, times: ALWAYS },
  '200 with an error inside': { fault: { answer: 200, body: INTERNAL }, times: ALWAYS },
  'a credential that expires': {
    fault: { answer: 400, body: errorXml('ExpiredToken', 'The provided token has expired.') },
    times: ALWAYS,
  },
  'a full quota': {
    fault: { answer: 403, body: errorXml('QuotaExceeded', 'Bucket quota exceeded.') },
    times: ALWAYS,
  },
  'a full disk, 507': {
    fault: {
      answer: 507,
      body: errorXml('StorageFull', 'Storage backend has reached its minimum free drive threshold.'),
    },
    times: ALWAYS,
  },
  'a list that is stale': { times: 1 },
  'a clock that jumps ahead': { times: 1, ahead: JUMP_MS },
  'a clock that jumps back': { times: 1, ahead: -JUMP_MS },
};

/** @param now the clock of those who use it */
export function farS3(
  s3: FakeS3,
  keys: { readonly id: string; readonly secret: string },
  now: () => number,
): FarStore {
  const asked: Asked[] = [];
  const listen = (decide: (request: FakeRequest) => Fault | undefined) => {
    s3.strike = (request) => {
      asked.push({ method: request.method, key: request.key });
      return decide(request);
    };
  };
  listen(() => undefined);
  return {
    place: `s3://${s3.bucket}/far`,
    access: { 's3-endpoint': s3.url, 's3-access-key': keys.id, 's3-secret-key': keys.secret },
    asked: () => asked,
    kinds: Object.keys(KINDS) as Kind[],
    held: () => new Map([...s3.objects].map(([key, { bytes }]) => [key, bytes])),
    copy: () => {
      const before = new Map(s3.objects);
      return () => replace(s3.objects, before);
    },
    alter: (key, bytes) => {
      const old = s3.objects.get(key);
      if (old !== undefined) s3.objects.set(key, { ...old, bytes });
    },
    strike(kind, nth, hides) {
      const { fault, times, ahead } = S3_FAULTS[kind];
      const struck = { hits: 0 };
      let seen = 0;
      let began = 0;
      listen(() => {
        seen += 1;
        if (seen < nth || struck.hits >= times) return undefined;
        if (struck.hits === 0) began = now();
        if (kind === '503 for two minutes' && now() - began > OUTAGE_MS) return undefined;
        struck.hits += 1;
        if (ahead !== undefined) s3.ahead = ahead;
        return fault ?? (ahead === undefined ? { hides } : undefined);
      });
      return struck;
    },
    calm() {
      s3.ahead = 0;
      listen(() => undefined);
    },
  };
}

/** Its lists are a database's own; its clock is the cloud's. */
const SWIFT_FAULTS: Readonly<Partial<Record<Kind, { deed: FaultDeed; times: number }>>> = {
  'a kill': { deed: 'connection-reset', times: ALWAYS },
  '503 for two minutes': { deed: { status: 503 }, times: ALWAYS },
  '500 after it was done': { deed: { doneThen: 500 }, times: 1 },
  'a lost answer': { deed: 'lost-response', times: 1 },
  'a cut body': { deed: 'cut-body', times: 1 },
  'bodies that are always cut': { deed: 'cut-body', times: ALWAYS },
  '200 with an error inside': { deed: { status: 200, body: { error: 'portal' } }, times: ALWAYS },
  'a credential that expires': { deed: { status: 401 }, times: ALWAYS },
  'a full quota': { deed: { status: 413, message: 'Upload exceeds quota.' }, times: ALWAYS },
  'a full disk, 507': { deed: { status: 507, message: 'There was not enough space.' }, times: ALWAYS },
};

export function farSwift(cloud: EmbeddedCloud, container: Container, now: () => number): FarStore {
  const { faults, requests } = cloud;
  const at = /^\/swift\/v1\/AUTH_[^/]+\/[^/]+\/?(.*)$/;
  return {
    place: `swift://${container.name}/far`,
    access: {},
    kinds: Object.keys(SWIFT_FAULTS) as Kind[],
    asked: () =>
      requests.flatMap(({ method, path }) => {
        const key = at.exec(path)?.[1];
        return key === undefined ? [] : [{ method, key: decodeURIComponent(key) }];
      }),
    held: () => new Map([...container.objects].map(([key, { bytes }]) => [key, bytes])),
    copy: () => {
      const before = new Map(container.objects);
      return () => replace(container.objects, before);
    },
    alter: (key, bytes) => {
      const old = container.objects.get(key);
      const md5 = createHash('md5').update(bytes).digest('hex');
      if (old !== undefined) container.objects.set(key, { ...old, bytes, md5 });
    },
    strike(kind, nth) {
      const fault = SWIFT_FAULTS[kind];
      if (fault === undefined) throw new Error(`Swift does not know ${kind}`);
      let [seen, began] = [0, 0];
      const body = () => {
        seen += 1;
        if (seen === nth) began = now();
        return seen >= nth && (kind !== '503 for two minutes' || now() - began <= OUTAGE_MS);
      };
      return faults.add({ when: { service: 'object-store', times: fault.times, body }, do: fault.deed });
    },
    calm: () => faults.clear(),
  };
}

function replace<T>(all: Map<string, T>, by: ReadonlyMap<string, T>): void {
  all.clear();
  for (const [key, one] of by) all.set(key, one);
}
