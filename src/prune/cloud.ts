import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import type { Saved } from './point.ts';

export type CloudBackup = Pick<
  Backup,
  'id' | 'status' | 'volumeId' | 'incremental' | 'hasDependents' | 'createdAt' | 'dataTimestamp' | 'metadata'
>;

export type CloudImage = Pick<Image, 'id' | 'status' | 'protected' | 'properties'>;

/** What the cloud and the store have of the data that restore points name. */
export interface Cloud {
  /** All backups of the project, foreign ones too. */
  readonly backups: readonly CloudBackup[];
  /** Backups of gone volumes that no manifest lists, as points. */
  readonly unrecorded: readonly Saved[];
  readonly images: readonly CloudImage[];
  /** Payloads in this run's store; undefined if it could not be listed. */
  readonly stored: ReadonlySet<string> | undefined;
  /** What payloads in it lack or have damaged, by their names. */
  readonly lacking?: ReadonlyMap<string, string>;
  /** Data that a request by id showed to be gone, by its key. */
  readonly lost: ReadonlySet<string>;
  /** Resources, by kind and id; missing means unknown. */
  readonly presence: ReadonlyMap<string, 'present' | 'gone'>;
  /** Whether all backups and all images were listed. */
  readonly isAll: boolean;
  /** Whether some volume is being created from an image; the cloud does not say from which. */
  readonly readsImages: boolean;
}
