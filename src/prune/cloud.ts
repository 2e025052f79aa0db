import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Image } from '../openstack/image/v2/images.ts';

export type CloudBackup = Pick<
  Backup,
  'id' | 'status' | 'volumeId' | 'incremental' | 'hasDependents' | 'createdAt' | 'dataTimestamp' | 'metadata'
>;

export type CloudImage = Pick<Image, 'id' | 'status' | 'protected' | 'properties'>;

/** What the cloud, and the store, have of the data that restore points name. */
export interface Cloud {
  /** All of the project, foreign ones too. */
  readonly backups: readonly CloudBackup[];
  readonly images: readonly CloudImage[];
  /** Payloads that lie in the store of this run; undefined if none could be looked at. */
  readonly stored: ReadonlySet<string> | undefined;
  /** Data that was asked for by itself, and is not there: by its key. */
  readonly lost: ReadonlySet<string>;
  /** Of a resource, by its kind and id; what is not in it is not known. */
  readonly presence: ReadonlyMap<string, 'present' | 'gone'>;
  /** Whether all backups and all images were listed. */
  readonly isAll: boolean;
  /** Whether a volume is being made of an image: nobody can tell of which. */
  readonly readsImages: boolean;
}
