import { updateSnapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import { updateVolume } from '../openstack/blockstorage/v3/volumes.ts';
import { replaceServerMetadata } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { updateImage } from '../openstack/image/v2/images.ts';
import { replaceSecretMetadata } from '../openstack/keymanager/v1/metadata.ts';
import { describePort } from '../openstack/network/v2/ports.ts';
import { describeSecurityGroup } from '../openstack/network/v2/security-groups.ts';
import { TEMPORARY_METADATA, TEMPORARY_PROPERTY } from './tags.ts';

/** What can bear the text of a record. */
export type Bearer = 'server' | 'image' | 'volume' | 'snapshot' | 'secret' | 'port' | 'security group';

/**
 * Writes a record in the place that its kind has. A server or a secret that is being made has no other metadata yet.
 */
export async function putRecord(session: Session, kind: Bearer, id: string, text: string): Promise<void> {
  switch (kind) {
    case 'volume':
      return updateVolume(await session.service('block-storage'), id, { description: text });
    case 'snapshot':
      return updateSnapshot(await session.service('block-storage'), id, { description: text });
    case 'image':
      await updateImage(await session.service('image'), id, [
        { op: 'add', name: TEMPORARY_PROPERTY, value: text },
      ]);
      return;
    case 'server':
      return replaceServerMetadata(await session.service('compute'), id, { [TEMPORARY_PROPERTY]: text });
    case 'port':
      return describePort(await session.service('network'), id, text);
    case 'security group':
      return describeSecurityGroup(await session.service('network'), id, text);
    case 'secret':
      return replaceSecretMetadata(await session.service('key-manager'), id, { [TEMPORARY_METADATA]: text });
  }
}
