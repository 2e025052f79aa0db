import { OperationError } from '../../errors.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';

/** Cinder makes one backup of a volume at a time. */
export class BeingBackedUp extends OperationError {
  /** The backup that is being made; undefined if it is not visible. */
  readonly backup: Backup | undefined;

  constructor(volumeId: string, backup: Backup | undefined, cause?: Error) {
    super(
      `volume ${volumeId} is already being backed up${backup === undefined ? '' : ` (backup ${backup.id} since ${backup.createdAt})`}`,
      'Wait until it is done. If it never ends, only the operator can reset it.',
      cause,
    );
    this.backup = backup;
  }
}
