import { type Backup, listBackups } from '../openstack/blockstorage/v3/backups.ts';
import { listSnapshots, type Snapshot, type SnapshotFilter } from '../openstack/blockstorage/v3/snapshots.ts';
import { listVolumes, type Volume, type VolumeFilter } from '../openstack/blockstorage/v3/volumes.ts';
import type { Service } from '../openstack/catalog.ts';
import { listServers, type Server } from '../openstack/compute/v2/servers.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import { type Image, type ImageFilter, listImages } from '../openstack/image/v2/images.ts';
import { type ListedSecret, listSecrets } from '../openstack/keymanager/v1/secrets.ts';
import { listPorts, type Port } from '../openstack/network/v2/ports.ts';
import { listSecurityGroups, type SecurityGroup } from '../openstack/network/v2/security-groups.ts';
import { collect } from '../pool.ts';

/** What narrows the lists. */
export interface Within {
  readonly images?: ImageFilter;
  readonly volumes?: VolumeFilter;
  readonly snapshots?: SnapshotFilter;
}

/** What a project holds, as the cloud lists it. */
export interface Listed {
  readonly backups: Backup;
  readonly volumes: Volume;
  readonly snapshots: Snapshot;
  /** Only the project's own: the list also holds images that others share. */
  readonly images: Image;
  readonly secrets: ListedSecret;
  readonly servers: Server;
  /** Only those that have the name of what a drill makes: a project may have thousands. */
  readonly ports: Port;
  readonly securityGroups: SecurityGroup;
}

/** The name of each port and each security group that a drill makes. */
export const DRILL_NAME = 'openstack-backup drill';

export interface Lister<T> {
  readonly service: Service;
  list(client: ServiceClient, within: Within): Promise<T[]>;
}

/** One list of each kind, with all its pages. */
export const LISTS: { readonly [Kind in keyof Listed]: Lister<Listed[Kind]> } = {
  backups: { service: 'block-storage', list: (cinder) => collect(listBackups(cinder)) },
  volumes: { service: 'block-storage', list: (cinder, { volumes }) => collect(listVolumes(cinder, volumes)) },
  snapshots: {
    service: 'block-storage',
    list: (cinder, { snapshots }) => collect(listSnapshots(cinder, snapshots)),
  },
  images: {
    service: 'image',
    async list(glance, { images }) {
      const owner = glance.session.scope.project.id;
      const all = await collect(listImages(glance, { ...images, owner }));
      return all.filter((image) => image.owner === owner);
    },
  },
  secrets: { service: 'key-manager', list: (barbican) => collect(listSecrets(barbican)) },
  servers: { service: 'compute', list: (nova) => collect(listServers(nova)) },
  ports: { service: 'network', list: (neutron) => collect(listPorts(neutron, { name: DRILL_NAME })) },
  securityGroups: {
    service: 'network',
    list: (neutron) => collect(listSecurityGroups(neutron, { name: DRILL_NAME })),
  },
};
