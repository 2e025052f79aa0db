import type { Json } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';

/**
 * A collection of Neutron, page by page. Its lists are complete unless the operator set `pagination_max_limit`, and
 * then they carry a link to the next page.
 *
 * @param words what it is for, such as "networks"
 */
export function collection<T extends { readonly id: string }>(
  client: ServiceClient,
  words: string,
  path: string,
  key: string,
  query: Readonly<Record<string, string | undefined>>,
  decode: (item: Json) => T,
): AsyncGenerator<T[]> {
  return pages(words, (page) =>
    client.call({
      doing: `list the ${words}`,
      method: 'GET',
      path,
      query: { ...query, ...page },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, key, words.replace(/s$/, ''), decode),
        more: hasNext(answer[`${key}_links`]),
      }),
    }),
  );
}

/** Even the last page has a link, to the previous one. */
function hasNext(links: unknown): boolean {
  return Array.isArray(links) && links.some((link: unknown) => (link as Json | null)?.['rel'] === 'next');
}
