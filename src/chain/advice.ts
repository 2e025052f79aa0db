import { adviceOf, OPERATOR } from '../openstack/over-quota.ts';
import { spareChain } from './spare.ts';

/** Longer chains are cut in messages. */
const MOST_IDS = 30;

/**
 * Returns a function that says, for a quota, which backups to remove.
 *
 * @param backups of the project
 */
export function adviceWith(backups: Parameters<typeof spareChain>[0]): (quota: string) => string {
  let about: string | undefined;
  return (quota) => {
    if (quota !== 'backups' && quota !== 'backup_gigabytes') return adviceOf(quota);
    about ??= aboutBackups(spareChain(backups));
    return about;
  };
}

/** Cinder refuses to delete what an increment stands on, also while that is being deleted. */
function aboutBackups(spare: ReturnType<typeof spareChain>): string {
  if (spare === undefined)
    return `No chain of openstack-backup can be removed: no volume has a complete newer one. Lower \`max-chain\`, so that chains end sooner${OPERATOR}`;
  const { ids, volumeId, from, to } = spare;
  const [day, lastDay] = [from.slice(0, 10), to.slice(0, 10)];
  const told = ids.slice(0, MOST_IDS).join(' ');
  const more = ids.length > MOST_IDS ? ` (and then its ${ids.length - MOST_IDS} older ones)` : '';
  const order =
    ids.length === 1
      ? `openstack volume backup delete ${told}`
      : `for b in ${told}; do openstack volume backup delete $b; while openstack volume backup show $b >/dev/null 2>&1; do sleep 2; done; done`;
  return `The oldest complete chain that nothing needs is that of volume ${volumeId}, from ${day}${day === lastDay ? '' : ` to ${lastDay}`}. Remove it with: ${order}${more}. Or ask the operator for more.`;
}
