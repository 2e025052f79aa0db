import type { SavedEncryption } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ChainDecision, Mode } from '../../plan/chain.ts';
import type { Method } from '../../plan/method.ts';
import type { Payloads } from '../payloads.ts';

/** A Cinder backup, full or an increment. */
export type BackupDecision = Exclude<ChainDecision, { mode: 'impossible' }>;

/** An image instead. */
export interface ImageDecision {
  readonly mode: 'image';
  readonly reason: string;
  /** Why the cloud may refuse it; undefined where nothing is known. */
  readonly doubt: string | undefined;
}

/** What an increment is decided by, again right before it is asked for. */
export interface ChainWishes {
  readonly mode: Mode;
  readonly maxChain: number;
  /** When the snapshot was taken that is backed up: only backups of before can be its parent. */
  readonly snapshotAt?: string;
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
  readonly payloads: Payloads | undefined;
}
