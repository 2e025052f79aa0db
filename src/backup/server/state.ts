import { OperationError } from '../../errors.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import { quoted } from '../../text/escape.ts';

/** The statuses in which Nova makes an image: `snapshot` in https://github.com/openstack/nova/blob/master/nova/compute/api.py */
const IMAGEABLE = new Set(['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED']);

const HINTS: Readonly<Record<string, string>> = {
  SHELVED: 'Unshelve it first.',
  SHELVED_OFFLOADED: 'Unshelve it first.',
  RESCUE: 'Unrescue it first.',
  VERIFY_RESIZE: 'Confirm or revert the resize first.',
  UNKNOWN:
    'The part of the cloud that has it (its cell) does not answer: try again later, or ask the operator.',
  ERROR: 'Its volumes can be backed up with backup-volume; ask the operator what is wrong with it.',
};

/** @throws OperationError if no image can be made of the server now */
export function checkState({ id, name, status, taskState }: Server): void {
  const what = `server ${quoted(name)} (${id})`;
  if (!IMAGEABLE.has(status))
    throw new OperationError(
      `${what} is ${status}, but an image of it can be made only while it is ${[...IMAGEABLE].join(', ')}`,
      HINTS[status] ?? 'Wait until the cloud is done with it.',
    );
  if (taskState !== undefined)
    throw new OperationError(
      `${what} is busy (task state ${taskState})`,
      'Wait until it is done. If it never ends, only the operator can reset it.',
    );
}
