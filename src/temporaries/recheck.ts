import { getBackup } from '../openstack/blockstorage/v3/backups.ts';
import { getSnapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import { getVolume } from '../openstack/blockstorage/v3/volumes.ts';
import { getServer } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import { getImage } from '../openstack/image/v2/images.ts';
import { getSecretMetadata } from '../openstack/keymanager/v1/metadata.ts';
import { getSecret } from '../openstack/keymanager/v1/secrets.ts';
import { getPort } from '../openstack/network/v2/ports.ts';
import { getSecurityGroup } from '../openstack/network/v2/security-groups.ts';
import type { Looked } from './holdings.ts';
import type { Removable } from './remove.ts';

/** The listed holdings, with one thing read anew, or without it if it is gone. */
export async function lookedAtAgain(
  session: Session,
  listed: Looked,
  thing: Pick<Removable, 'kind' | 'id'>,
): Promise<Looked> {
  try {
    return await replaced(session, listed, thing);
  } catch (error) {
    if (hasStatus(error, 404)) return without(listed, thing.id);
    throw error;
  }
}

async function replaced(
  session: Session,
  listed: Looked,
  { kind, id }: Pick<Removable, 'kind' | 'id'>,
): Promise<Looked> {
  const put = <T extends { readonly id: string }>(all: readonly T[], now: T) =>
    all.map((one) => (one.id === id ? now : one));
  switch (kind) {
    case 'server':
      return {
        ...listed,
        servers: put(listed.servers, await getServer(await session.service('compute'), id)),
      };
    case 'image':
      return { ...listed, images: put(listed.images, await getImage(await session.service('image'), id)) };
    case 'volume': {
      const now = await getVolume(await session.service('block-storage'), id);
      return { ...listed, volumes: put(listed.volumes, now) };
    }
    case 'snapshot': {
      const now = await getSnapshot(await session.service('block-storage'), id);
      return { ...listed, snapshots: put(listed.snapshots, now) };
    }
    case 'backup': {
      const now = await getBackup(await session.service('block-storage'), id);
      return { ...listed, backups: put(listed.backups, now) };
    }
    case 'port': {
      const now = await getPort(await session.service('network'), id);
      return { ...listed, ports: put(listed.ports ?? [], now) };
    }
    case 'security group': {
      const now = await getSecurityGroup(await session.service('network'), id);
      return { ...listed, securityGroups: put(listed.securityGroups ?? [], now) };
    }
    case 'secret': {
      const barbican = await session.service('key-manager');
      const now = { ...(await getSecret(barbican, id)), id, metadata: await getSecretMetadata(barbican, id) };
      return { ...listed, secrets: put(listed.secrets, now) };
    }
  }
}

function without(listed: Looked, gone: string): Looked {
  const others = <T extends { readonly id: string }>(all: readonly T[]) =>
    all.filter(({ id }) => id !== gone);
  return {
    backups: others(listed.backups),
    volumes: others(listed.volumes),
    snapshots: others(listed.snapshots),
    images: others(listed.images),
    secrets: others(listed.secrets),
    servers: others(listed.servers),
    ports: others(listed.ports ?? []),
    securityGroups: others(listed.securityGroups ?? []),
  };
}
