/** Lists: filters, sorting, markers and next links, as cinder/api/common.py does them. */
import type { Core } from '../core.ts';
import type { JsonObject } from '../http.ts';
import { type CinderCall, refuse } from './call.ts';

export interface ListSpec<T extends { id: string }> {
  /** Path after the project: 'volumes/detail'. */
  readonly path: string;
  readonly rows: readonly T[];
  /** Sort keys of the API. */
  readonly sortable: Readonly<Record<string, (row: T) => string | number>>;
  readonly missing: (marker: string) => Error;
}

export interface Page<T> {
  readonly rows: T[];
  readonly links: JsonObject[];
  readonly total: number;
}

const PAGING = ['limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir'];

/** The query without what is about paging. From 3.31 unknown filters are refused, before they are ignored. */
export function filtersOf(call: CinderCall, allowed: readonly string[]): Map<string, string> {
  const filters = new Map([...call.query].filter(([key]) => !PAGING.includes(key)));
  if (call.minor >= 45) filters.delete('with_count');
  const bad = [...filters.keys()].filter((key) => !allowed.includes(key));
  for (const key of bad) filters.delete(key);
  // cinderclient always sends all_tenants: not held against a user (Launchpad 1917574).
  const real = bad.filter((key) => key !== 'all_tenants');
  if (call.minor >= 31 && real.length > 0) {
    throw refuse(400, `Invalid filters ${bad.join(',')} are found in query options.`);
  }
  return filters;
}

function limitOf(core: Core, call: CinderCall): number {
  const asked = call.query.get('limit');
  if (asked === null) return core.options.maxLimit;
  if (!/^[+-]?\d+$/.test(asked.trim())) throw refuse(400, 'limit param must be an integer');
  const limit = Number(asked);
  if (limit < 0) throw refuse(400, 'limit param must be positive');
  return Math.min(limit, core.options.maxLimit);
}

function sortOf(call: CinderCall): { key: string; direction: string }[] {
  const { query } = call;
  if (query.has('sort') && (query.has('sort_key') || query.has('sort_dir'))) {
    throw refuse(
      400,
      "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.",
    );
  }
  const sort = query.get('sort');
  if (sort === null) {
    return [
      {
        key: (query.get('sort_key') ?? 'created_at').trim(),
        direction: (query.get('sort_dir') ?? 'desc').trim(),
      },
    ];
  }
  return sort.split(',').map((part) => {
    const [key = '', direction = ''] = part.split(':').map((word) => word.trim());
    return { key, direction: direction === '' ? 'desc' : direction };
  });
}

function orderOf<T extends { id: string }>(call: CinderCall, spec: ListSpec<T>): (a: T, b: T) => number {
  const keys = sortOf(call).map(({ key, direction }) => {
    const value = spec.sortable[key];
    if (value === undefined) throw refuse(400, 'Invalid input received: Invalid sort key');
    if (direction !== 'asc' && direction !== 'desc') {
      throw refuse(400, "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.");
    }
    return { value, sign: direction === 'asc' ? 1 : -1 };
  });
  // The DB layer adds created_at and id in the first key's direction, so pages never overlap.
  const sign = keys[0]?.sign ?? -1;
  keys.push({ value: (row) => row.id, sign });
  return (a, b) => {
    for (const { value, sign: way } of keys) {
      const [left, right] = [value(a), value(b)];
      if (left !== right) return left < right ? -way : way;
    }
    return 0;
  };
}

/** The first `count` in order, without sorting what comes behind them: a test may have 100,000 rows. */
function foremost<T>(rows: readonly T[], count: number, order: (a: T, b: T) => number): T[] {
  let best: T[] = [];
  let last: T | undefined;
  for (const row of rows) {
    if (last !== undefined && order(row, last) > 0) continue;
    best.push(row);
    if (best.length < 2 * count + 16) continue;
    best = best.sort(order).slice(0, count);
    last = best.at(-1);
  }
  return best.sort(order).slice(0, count);
}

export function page<T extends { id: string }>(core: Core, call: CinderCall, spec: ListSpec<T>): Page<T> {
  const limit = limitOf(core, call);
  const offset = Number(call.query.get('offset') ?? 0);
  if (!Number.isInteger(offset) || offset < 0) throw refuse(400, 'offset must be an integer');
  const order = orderOf(call, spec);
  const total = spec.rows.length;
  let behind = spec.rows;
  const marker = call.query.get('marker');
  if (marker !== null) {
    const at = spec.rows.find((row) => row.id === marker);
    if (at === undefined) throw spec.missing(marker);
    behind = spec.rows.filter((row) => order(row, at) > 0);
  }
  const rows = foremost(behind, offset + limit, order).slice(offset);
  const last = rows.at(-1);
  const full = last !== undefined && rows.length >= limit;
  return { rows, total, links: full ? [nextLink(call, spec.path, last.id)] : [] };
}

function nextLink(call: CinderCall, path: string, marker: string): JsonObject {
  const query = new URLSearchParams(call.query);
  query.set('marker', marker);
  const project = call.urlProject === '' ? '' : `${call.urlProject}/`;
  return { rel: 'next', href: `${call.linkOrigin}/volume/v3/${project}${path}?${query}` };
}

/** `with_count` (3.45). */
export function wantsCount(call: CinderCall): boolean {
  return call.minor >= 45 && /^(?:true|1|t|y|yes|on)$/i.test(call.query.get('with_count') ?? '');
}

/** metadata={'k':'v'}: a Python literal, which JSON happens to be too. */
export function metadataFilter(filter: string | undefined): (metadata: Record<string, string>) => boolean {
  if (filter === undefined) return () => true;
  const wanted = literal(filter);
  if (wanted === undefined) return () => false;
  return (metadata) => Object.entries(wanted).every(([key, value]) => metadata[key] === String(value));
}

function literal(text: string): Record<string, unknown> | undefined {
  for (const attempt of [text, text.replace(/'/g, '"')]) {
    try {
      const value: unknown = JSON.parse(attempt);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // Try the next spelling.
    }
  }
  return undefined;
}
