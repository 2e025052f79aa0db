import { OperationError } from '../errors.ts';
import { hasStatus } from './errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly more: boolean;
  /** How many were left out because they could not be read. */
  readonly odd?: number;
}

/** How many pages in a row may bring nothing new. */
const IDLE_PAGES = 3;

type Ask<T> = (query: Record<string, string>) => Promise<Page<T>>;

/**
 * Every item of a list that comes in pages: `marker` is the id of the last one, and an empty page is the end.
 *
 * A marker that was deleted since is refused: 404 by Cinder, 400 by Nova and Glance
 * (https://opendev.org/openstack/cinder/src/branch/master/cinder/db/sqlalchemy/api.py, `volume_get_all`). An earlier
 * item serves as well, so a list that shrinks meanwhile is still read to its end, each item once.
 *
 * A page may bring only known items: Nova lists a server again if its build request is the marker and its cell has it
 * already (https://opendev.org/openstack/nova/src/branch/master/nova/compute/api.py, `get_all`). Asked again, it
 * goes on.
 *
 * @param words what is listed: "volumes"
 * @throws OperationError if a page promises more but the next one starts over: half a list is no list
 */
export async function* pages<T extends { readonly id: string }>(
  words: string,
  ask: Ask<T>,
): AsyncGenerator<T[]> {
  const known = new Set<string>();
  const trail: string[] = [];
  // Known items that come again after a step back, perhaps over several pages.
  const again = new Set<string>();
  let idle = 0;
  for (;;) {
    const { page, end } = await after(trail, ask);
    for (const id of trail.slice(end)) again.add(id);
    const ids = page.items.map(({ id }) => id);
    const added = page.items.filter(({ id }) => !known.has(id));
    yield added;
    if (page.more && ids.length === 0 && (page.odd ?? 0) > 0) throw stuck(words);
    if (!page.more || ids.length === 0) return;
    idle = ids.some((id) => again.delete(id) || !known.has(id)) ? 0 : idle + 1;
    if (idle > IDLE_PAGES) throw stuck(words);
    for (const id of ids) {
      known.add(id);
      again.delete(id);
    }
    trail.length = end;
    trail.push(...ids);
  }
}

export function stuck(words: string): OperationError {
  return new OperationError(
    `cannot list the ${words}: the cloud says that there are more, but repeats those it gave before`,
    'The service, or a proxy in front of it, ignores the query: ask the operator. An incomplete list is never used.',
  );
}

/** The page after the last item of the trail that still exists, found in growing steps back. */
async function after<T extends { readonly id: string }>(
  trail: readonly string[],
  ask: Ask<T>,
): Promise<{ page: Page<T>; end: number }> {
  let refusal: unknown;
  for (let back = 0; ; back = back === 0 ? 1 : back * 2) {
    const end = Math.max(0, trail.length - back);
    const marker = trail[end - 1];
    const page = await ask(marker === undefined ? {} : { marker }).catch((error: unknown) => {
      if (marker === undefined || !hasStatus(error, 400, 404)) throw error;
      refusal ??= error;
    });
    if (page === undefined) continue;
    // The item still exists, so the cloud did not refuse it as a marker.
    if (refusal !== undefined && page.items.some(({ id }) => id === trail.at(-1))) throw refusal;
    return { page, end };
  }
}
