import { OperationError } from '../../errors.ts';
import type { SavedServer } from '../../manifest/schema.ts';
import type { Attachment } from '../../openstack/compute/v2/attachments.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import { quoted } from '../../text/escape.ts';
import type { RestoredDisk } from './request.ts';

/**
 * What of a server that runs is otherwise than it was asked to be, in words.
 *
 * @throws OperationError when one of its volumes is not attached
 */
export function differences(
  saved: SavedServer,
  disks: readonly RestoredDisk[],
  server: Server,
  attachments: readonly Attachment[],
): string[] {
  const found: string[] = [];
  for (const { saved: disk, id } of disks) {
    if (disk.volume === null) continue;
    const attachment = attachments.find(({ volumeId }) => volumeId === id);
    if (attachment === undefined)
      throw new OperationError(
        `server ${server.id} runs, and volume ${id} is not attached to it`,
        'Try again; if it stays so, ask the operator.',
      );
    const { device } = attachment;
    if (disk.device !== null && device !== disk.device)
      found.push(`device ${disk.device}: volume ${id} is ${device ?? 'without one'}`);
  }
  if (saved.hostname !== null && server.hostname !== saved.hostname)
    found.push(`host name ${quoted(saved.hostname)}: it is ${quoted(server.hostname ?? '')}`);
  if (server.description !== saved.description) found.push(`description ${quoted(saved.description)}`);
  const lost = saved.tags.filter((tag) => !server.tags.includes(tag));
  return [...found, ...lost.map((tag) => `tag ${quoted(tag)}`)];
}
