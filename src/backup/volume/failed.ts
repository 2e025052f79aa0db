import { readTags } from '../../chain/tags.ts';
import type { Environment } from '../../environment.ts';
import type { OperationError } from '../../errors.ts';
import { type Backup, getBackup, watchBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { orGone } from '../../openstack/errors.ts';
import type { Leftover } from '../../temporaries/leftovers.ts';
import { quoted } from '../../text/escape.ts';
import type { Subject } from '../kind.ts';
import { removeFailed } from './through-cinder.ts';

type Failed = Extract<Leftover, { action: 'failed' }>;

/**
 * Why a backup failed that an earlier run left to the cloud. Removes the backup if it may be removed and is unchanged.
 */
export async function failureOf(
  { backup, tags, removable }: Failed,
  { name, id }: Pick<Subject, 'name' | 'id'>,
  { session, clock, log }: Pick<Environment, 'session' | 'clock' | 'log'>,
): Promise<OperationError> {
  const client = await session.service('block-storage');
  const what = `backup ${backup.id} of volume ${quoted(name)} (${id}), left to the cloud by an earlier run, failed`;
  const error = await cloudGaveUp(client, what, backup.failReason, [backup.id, id]);
  if (removable && isSame(await orGone(getBackup(client, backup.id)), tags.point))
    await removeFailed(backup.id, { client, backups: watchBackups(client), clock, log });
  return error;
}

function isSame(now: Backup | undefined, point: string): boolean {
  if (now?.status !== 'error') return false;
  const tags = readTags(now);
  return tags?.state === 'started' && tags.handedOver && tags.point === point;
}
