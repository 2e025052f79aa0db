import { OperationError } from '../../errors.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { quoted } from '../../text/escape.ts';

/**
 * A volume that a guest writes to is saved as after a power cut: only Nova can freeze the guest's file systems, and only
 * for the image of a whole server.
 *
 * @throws OperationError if the plan asks for frozen file systems
 */
export function refuseUnfrozen({ id, name, attachments, status }: Volume): void {
  if (attachments.length === 0 && status === 'available') return;
  throw new OperationError(
    `volume ${quoted(name)} (${id}) is attached, and file systems can be frozen only for a whole server`,
    'Back up the server instead, stop it first, or use `consistency: best`.',
  );
}
