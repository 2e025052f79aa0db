import type { Session } from '../../openstack/connection.ts';
import { type Image, listImages } from '../../openstack/image/v2/images.ts';
import { type Selector, select } from '../../plan/select.ts';
import { collect } from '../../pool.ts';
import { readTemporary } from '../../temporaries/tags.ts';

/** All images that the project can see, hidden ones too, except temporaries. */
export async function visibleImages(session: Session): Promise<Image[]> {
  const client = await session.service('image');
  const seen = [
    ...(await collect(listImages(client))),
    ...(await collect(listImages(client, { hidden: true }))),
  ];
  return seen.filter((image) => readTemporary(image) === undefined);
}

/**
 * The images that a selector matches: the project's own, and by exact name or id also others that it can see.
 *
 * @throws InputError for a selector that finds nothing
 */
export function selectImages(selector: Selector, images: readonly Image[], projectId: string): Image[] {
  const selectable = images.map((image) => ({
    ...image,
    size: undefined,
    metadata: image.properties,
    image,
  }));
  const own = selectable.filter(({ owner }) => owner === projectId);
  const named = ({ id, name }: Image) => selector.kind === 'one' && [id, name].includes(selector.nameOrId);
  const among = selector.kind === 'one' && !own.some(named) ? selectable : own;
  return select('image', [selector], among).map(({ image }) => image);
}

/**
 * The selected images, each once.
 *
 * @throws InputError for a selector that finds nothing
 */
export async function chooseImages(session: Session, selectors: readonly Selector[]): Promise<Image[]> {
  const all = await visibleImages(session);
  const chosen = selectors.flatMap((selector) => selectImages(selector, all, session.scope.project.id));
  return [...new Set(chosen)];
}
