import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { type Selector, select } from '../../plan/select.ts';
import { readTemporary } from '../../temporaries/tags.ts';

/**
 * The selected volumes. A volume that a restore is still filling does not count, nor does one that Cinder made for
 * itself.
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
