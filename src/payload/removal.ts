import { join } from 'node:path';
import { isDirectory, parseStore } from '../store/place-name.ts';
import { forShell } from '../text/escape.ts';
import { partOf, retiredName } from './blocks/names.ts';

/**
 * The command that removes a payload of a place. A map leaves a new copy, as `retire` does: a run that began before may
 * take its objects over.
 *
 * @param place the place's own name
 * @param endpoint of S3; undefined: AWS
 */
export function removalOf(place: string, name: string, endpoint?: string): string {
  const copy = copyOf(name);
  const store = isDirectory(place) ? undefined : parseStore(place);
  if (store?.kind === 's3') {
    const aws = ['aws', ...(endpoint === undefined ? [] : ['--endpoint-url', forShell(endpoint)]), 's3'];
    const at = (one: string) => forShell(`${place}/${one}`);
    return [...aws, ...(copy === undefined ? ['rm', at(name)] : ['mv', at(name), at(copy)])].join(' ');
  }
  if (store?.kind === 'swift') {
    const container = forShell(store.container);
    const at = (one: string) => forShell(join(store.prefix, one));
    const removed = `openstack object delete ${container} ${at(name)}`;
    if (copy === undefined) return removed;
    const file = forShell(copy.slice(copy.lastIndexOf('/') + 1));
    return `openstack object save --file ${file} ${container} ${at(name)} && openstack object create --name ${at(copy)} ${container} ${file} && ${removed}`;
  }
  const at = (one: string) => forShell(join(place, one));
  // `mv` would keep its time, by which the copy would be over at once.
  return copy === undefined
    ? `rm ${at(name)}`
    : `mkdir -pm 700 ${at(join(copy, '..'))} && cp ${at(name)} ${at(copy)} && rm ${at(name)}`;
}

/** Undefined for what leaves none. It is named by the map's own point, so that a second try does not add another. */
function copyOf(name: string): string | undefined {
  const { folder, part } = partOf(name) ?? {};
  return folder === undefined || part !== 'maps' ? undefined : retiredName(folder, name.slice(-36));
}
