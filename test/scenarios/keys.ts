import { getVolume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { nothing } from '../../src/openstack/service.ts';

/** https://docs.openstack.org/barbican/latest/api/reference/acls.html */
export async function makeKeyPrivate(session: Session, volumeId: string): Promise<void> {
  const { encryptionKeyId } = await getVolume(await session.service('block-storage'), volumeId);
  const barbican = await session.service('key-manager');
  await barbican.call({
    doing: 'make a key private',
    method: 'PUT',
    path: `/secrets/${encryptionKeyId}/acl`,
    json: { read: { 'project-access': false, users: [] } },
    ok: [200],
    decode: nothing,
  });
}
