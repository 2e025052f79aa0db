import { getLimits, getTypeLimits } from './blockstorage/v3/limits.ts';
import { getComputeLimits } from './compute/v2/limits.ts';
import type { Session } from './connection.ts';
import { getImageLimits } from './image/v2/info.ts';
import { getNetworkLimits } from './network/v2/quotas.ts';
import { countsOf, type Need, type Quotas } from './quota-names.ts';

const CINDER = /^(backups|backup_gigabytes|volumes|snapshots|gigabytes)$/;
const OF_A_TYPE = /^(volumes|snapshots|gigabytes)_/;

/** Quota and use of all that is needed, from each service that has it, as far as the cloud shows them. */
export async function quotasFor(session: Session, needs: Iterable<Need>): Promise<Quotas> {
  const names = new Set<string>();
  for (const need of needs) for (const [name, count] of countsOf(need)) if (count > 0) names.add(name);
  const some = (pattern: RegExp) => [...names].some((name) => pattern.test(name));
  const [cinder, types, glance, nova, neutron] = await Promise.all([
    some(CINDER) ? getLimits(await session.service('block-storage')) : {},
    some(OF_A_TYPE) ? getTypeLimits(await session.service('block-storage')) : {},
    some(/^image/) ? getImageLimits(await session.service('image')) : undefined,
    some(/^(instances|cores|ram)$/) ? getComputeLimits(await session.service('compute')) : {},
    some(/^(ports|security_groups)$/) ? getNetworkLimits(await session.service('network')) : {},
  ]);
  return {
    ...cinder,
    ...types,
    ...nova,
    ...neutron,
    ...(glance?.images && { images: glance.images }),
    ...(glance?.size && { image_mebibytes: glance.size }),
  };
}
