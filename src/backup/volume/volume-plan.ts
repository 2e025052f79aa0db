import type { BackupDecision, ChainWishes } from '../../chain/decide.ts';
import type { SavedEncryption } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Method } from '../../plan/method.ts';

/** An image instead. */
export interface ImageDecision {
  readonly mode: 'image';
  readonly reason: string;
  /** Why the cloud may refuse it; undefined where nothing is known. */
  readonly doubt: string | undefined;
}

/** What is to be done with one volume. */
export interface VolumePlan {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  readonly decision: BackupDecision | ImageDecision;
  readonly wishes: ChainWishes;
  /** A snapshot of the volume that is backed up instead of the volume as it is now. */
  readonly snapshotId?: string;
}

export interface SavingWishes extends Pick<ChainWishes, 'mode' | 'maxChain'> {
  readonly method: 'auto' | Method;
  /** Where data goes that leaves the cloud; undefined: it stays there. */
  readonly payloads: PayloadStore | undefined;
}
