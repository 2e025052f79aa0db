import type { Session } from '../openstack/connection.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { quotaAfter, refuseOver } from '../plan/quota.ts';

/**
 * A volume is read back through an image that is as large.
 *
 * @param gigabytes of the volume
 * @throws QuotaError if the quota cannot hold that
 */
export async function refuseUnread(session: Session, gigabytes: number): Promise<void> {
  const need = { images: 1, image_mebibytes: gigabytes * 1024 };
  const quota = quotaAfter(await quotasFor(session, [need]), need, true);
  refuseOver(quota, 'the image that the volume is read back by');
}
