import type { Looked } from './holdings.ts';
import { readTemporary } from './tags.ts';

/** The servers that drills made. */
export interface Drilled {
  /**
   * Whether a server whose record does not name it yet was surely made with that record: Nova takes no metadata of a
   * server for its first moments, but what it has of the same run bears a record that names it.
   */
  isOurs(serverId: string, owner: string): boolean;
  /** Whether nothing but servers of a run's drills uses a volume or a port. */
  isOnlyUser(kind: string, id: string, owner: string): boolean;
}

export function drilledServers({
  servers,
  volumes,
  images,
  ports = [],
}: Pick<Looked, 'servers' | 'volumes' | 'images' | 'ports'>): Drilled {
  const own = new Set(
    [...volumes, ...images, ...ports].flatMap((thing) => {
      const record = readTemporary(thing);
      return record?.id === thing.id && record.purpose === 'scratch' ? `${thing.id} ${record.owner}` : [];
    }),
  );
  const isOurs = (serverId: string, owner: string) => {
    const server = servers.find(({ id }) => id === serverId);
    if (server === undefined) return false;
    const record = readTemporary({ id: serverId, properties: server.metadata });
    if (record?.purpose !== 'scratch' || record.owner !== owner) return false;
    if (record.id === serverId) return true;
    const has = [
      ...server.volumes.map(({ id }) => id),
      ...(server.imageId === undefined ? [] : [server.imageId]),
      ...ports.filter(({ deviceId }) => deviceId === serverId).map(({ id }) => id),
    ];
    return has.some((id) => own.has(`${id} ${owner}`));
  };
  return {
    isOurs,
    isOnlyUser(kind, id, owner) {
      const users =
        kind === 'port'
          ? ports.filter((port) => port.id === id).map(({ deviceId }) => deviceId)
          : [
              ...volumes
                .filter((volume) => volume.id === id)
                .flatMap(({ attachments }) => attachments.map(({ serverId }) => serverId)),
              // A volume that is reserved has no attachment yet.
              ...servers
                .filter((server) => server.volumes.some((volume) => volume.id === id))
                .map((server) => server.id),
            ];
      return users.length > 0 && users.every((serverId) => isOurs(serverId, owner));
    },
  };
}
