import { type Image, listImages } from '../../openstack/image/v2/images.ts';
import type { Session } from '../../openstack/session.ts';
import { type Selector, select } from '../../plan/select.ts';
import { collect } from '../../pool.ts';
import { readTemporary } from '../../temporaries/tags.ts';

/**
 * The images that the selectors mean: the project's own, and by their very name or id also others that it may see.
 *
 * @throws InputError for a selector that finds nothing
 */
export async function selectImages(session: Session, selectors: readonly Selector[]): Promise<Image[]> {
  const client = await session.service('image');
  const seen = [
    ...(await collect(listImages(client))),
    ...(await collect(listImages(client, { hidden: true }))),
  ].filter((image) => readTemporary(image) === undefined);
  const selectable = seen.map((image) => ({ ...image, size: undefined, metadata: image.properties, image }));
  const own = selectable.filter(({ owner }) => owner === session.scope.project.id);
  const found = selectors.flatMap((selector) => {
    const named = ({ id, name }: Image) => selector.kind === 'one' && [id, name].includes(selector.nameOrId);
    const among = selector.kind === 'one' && !own.some(named) ? selectable : own;
    return select('image', [selector], among);
  });
  return [...new Map(found.map(({ id, image }) => [id, image])).values()];
}
