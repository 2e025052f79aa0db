import { join } from 'node:path';
import { forShell } from '../text/escape.ts';
import { parseStore } from './place-name.ts';

/**
 * The command that removes an object of a place.
 *
 * @param place the place's own name
 */
export function removalOf(place: string, name: string): string {
  const store = /^(s3|swift):\/\//.test(place) ? parseStore(place) : undefined;
  if (store?.kind === 's3') return `aws s3 rm ${forShell(`${place}/${name}`)}`;
  if (store?.kind === 'swift')
    return `openstack object delete ${forShell(store.container)} ${forShell(join(store.prefix, name))}`;
  return `rm ${forShell(join(place, name))}`;
}
