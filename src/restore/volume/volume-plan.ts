import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { QuotaLine } from '../../plan/quota.ts';
import type { RestoreSource } from './source.ts';

export interface RestoreWishes {
  /** Id or name of a volume to write over. */
  readonly to: string | undefined;
  readonly overwrite: boolean;
  readonly name: string | undefined;
  /** Id or name of a volume type. */
  readonly type: string | undefined;
  readonly availabilityZone: string | undefined;
}

export type RestorePlan = NewVolumePlan | OverwritePlan;

export interface NewVolumePlan {
  readonly kind: 'new';
  readonly source: RestoreSource;
  readonly name: string;
  readonly type: VolumeType | undefined;
  /** Whether the type is known to be encrypted exactly as the backup: then one request makes and fills the volume. */
  readonly typeIsProven: boolean;
  readonly availabilityZone: string | undefined;
  readonly quota: readonly QuotaLine[];
}

export interface OverwritePlan {
  readonly kind: 'overwrite';
  readonly source: RestoreSource;
  readonly target: Volume;
  readonly name: string;
}
