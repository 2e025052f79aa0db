import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { type Selector, select } from '../../plan/select.ts';
import { readTemporary } from '../../temporaries/tags.ts';

/**
 * The volumes that are meant. One that a restore is filling is nobody's data yet, and one that Cinder made for itself
 * never is.
 *
 * @throws InputError for a selector that finds nothing
 */
export function chooseVolumes(selectors: readonly Selector[], volumes: readonly Volume[]): Volume[] {
  return select(
    'volume',
    selectors,
    volumes.filter((volume) => volume.consumesQuota && readTemporary(volume) === undefined),
  );
}
