/** What all of the REST API has in common: permissions, and pages. */
import { type Call, Refusal, type Reply } from './http.ts';

/** What GitHub says when the job has no such permission. */
export function need({ state }: Call, permission: string, level: 'read' | 'write'): void {
  const has = state.permissions[permission];
  if (has === 'write' || has === level) return;
  throw new Refusal({
    status: 403,
    headers: { 'x-accepted-github-permissions': `${permission}=${level}` },
    json: {
      message: 'Resource not accessible by integration',
      documentation_url: 'https://docs.github.com/rest',
      status: '403',
    },
  });
}

export function page(query: URLSearchParams, name: string, all: readonly unknown[]): Reply {
  return { status: 200, json: { total_count: all.length, [name]: slice(query, all) } };
}

/** The page that was asked for. */
export function slice<T>(query: URLSearchParams, all: readonly T[]): T[] {
  const size = Number(query.get('per_page') ?? 30);
  const start = (Number(query.get('page') ?? 1) - 1) * size;
  return all.slice(start, start + size);
}
