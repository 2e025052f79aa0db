import { OperationError } from '../errors.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import { type ChainDecision, decideChain, type Mode } from './chain.ts';

/** A Cinder backup, full or an increment. */
export type BackupDecision = Exclude<ChainDecision, { mode: 'impossible' }>;

/** What decides on an increment, at first and again right before the request. */
export interface ChainWishes {
  readonly mode: Mode;
  readonly maxChain: number;
  /** When the snapshot to back up was taken: only earlier backups can be its parent. */
  readonly snapshotAt?: string;
}

/** @throws OperationError if an increment was asked for and is impossible */
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
