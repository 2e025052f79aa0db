import type { Server } from '../../openstack/compute/v2/servers.ts';
import { type Selector, select } from '../../plan/select.ts';
import { readTemporary } from '../../temporaries/tags.ts';

/**
 * The selected servers, except those that a restore is still making.
 *
 * @throws InputError for a selector that finds nothing
 */
export function chooseServers(selectors: readonly Selector[], servers: readonly Server[]): Server[] {
  return select(
    'server',
    selectors,
    servers.filter(({ id, metadata }) => readTemporary({ id, properties: metadata }) === undefined),
  );
}
