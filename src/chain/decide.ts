import { OperationError } from '../errors.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import { type ChainDecision, decideChain, type Mode } from './chain.ts';

/** A Cinder backup, full or an increment. */
export type BackupDecision = Exclude<ChainDecision, { mode: 'impossible' }>;

/** What an increment is decided by, again right before it is asked for. */
export interface ChainWishes {
  readonly mode: Mode;
  readonly maxChain: number;
  /** When the snapshot was taken that is backed up: only backups of before can be its parent. */
  readonly snapshotAt?: string;
}

/** @throws OperationError if an increment was asked for and cannot be had */
export function decide(
  { id, size }: Pick<Volume, 'id' | 'size'>,
  backups: readonly Backup[],
  { mode, maxChain, snapshotAt }: ChainWishes,
): BackupDecision {
  const decision = decideChain(mode, backups, size, maxChain, snapshotAt);
  if (decision.mode !== 'impossible') return decision;
  throw new OperationError(
    `cannot make an increment of volume ${id}: ${decision.reason}`,
    'Use `mode: auto`, which then makes a full backup.',
  );
}
