import type { SavedServer } from '../../manifest/schema.ts';
import type { Attachment } from '../../openstack/compute/v2/attachments.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import { quoted } from '../../text/escape.ts';
import type { PlacedDisk } from './request.ts';

export interface Differences {
  /** What differs from the request, in words. */
  readonly differences: string[];
  /** Volumes that it runs without, in words. */
  readonly detached: string[];
}

/** How a running server differs from the request. */
export function differences(
  saved: SavedServer,
  disks: readonly PlacedDisk[],
  server: Server,
  attachments: readonly Attachment[],
): Differences {
  const found: string[] = [];
  const detached: string[] = [];
  for (const { saved: disk, id } of disks) {
    if (disk.volume === null) continue;
    const attachment = attachments.find(({ volumeId }) => volumeId === id);
    if (attachment === undefined) {
      detached.push(
        `volume ${id} is not attached to it: openstack server add volume ${server.id} ${id} attaches it`,
      );
      continue;
    }
    const { device } = attachment;
    if (disk.device !== null && device !== disk.device)
      found.push(`device ${disk.device}: volume ${id} has ${device ?? 'none'}`);
  }
  if (saved.hostname !== null && server.hostname !== saved.hostname)
    found.push(`host name ${quoted(saved.hostname)}: it is ${quoted(server.hostname ?? '')}`);
  if (server.description !== saved.description) found.push(`description ${quoted(saved.description)}`);
  const lost = saved.tags.filter((tag) => !server.tags.includes(tag));
  return { differences: [...found, ...lost.map((tag) => `tag ${quoted(tag)}`)], detached };
}
