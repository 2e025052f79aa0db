import { OperationError } from '../../errors.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { decideChain } from '../../plan/chain.ts';
import type { BackupDecision, ChainWishes } from './plan.ts';

/** @throws OperationError when an increment was asked for and cannot be had */
export function decide(
  { id, size }: Pick<Volume, 'id' | 'size'>,
  backups: readonly Backup[],
  { mode, maxChain, snapshotAt }: ChainWishes,
): BackupDecision {
  const decision = decideChain(mode, backups, size, maxChain, snapshotAt);
  if (decision.mode !== 'impossible') return decision;
  throw new OperationError(
    `no increment of volume ${id} can be made: ${decision.reason}`,
    'Use mode auto, which makes a full backup then.',
  );
}
