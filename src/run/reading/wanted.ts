import { parseAt, parseTime, type Wanted } from '../../catalog/pick.ts';
import type { ListInputs } from '../../inputs/list.ts';
import { checkedTags } from '../../inputs/tag.ts';

/**
 * Which restore points the inputs ask for.
 *
 * @param now milliseconds; ages count from it
 * @throws InputError for a malformed tag or time
 */
export function wantedOf(
  given: Pick<ListInputs, 'volume' | 'server' | 'image' | 'secret' | 'tag' | 'since' | 'at'>,
  now: number,
): Wanted & { readonly tags: readonly string[] } {
  const { volume, server, image, secret, tag, since, at } = given;
  return {
    resources: { volume, server, image, secret },
    tags: checkedTags('tag', tag),
    since: since === undefined ? undefined : parseTime('since', since, now),
    at: at === undefined ? undefined : parseAt(at, now),
  };
}
