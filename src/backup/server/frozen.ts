import { OperationError } from '../../errors.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { quoted } from '../../text/escape.ts';
import { requiresQuiesce } from './consistency.ts';
import type { LookedAt } from './facts.ts';

/**
 * Whether the disks will be quiesced or offline, as far as can be seen before. The restore point says what they were.
 *
 * @throws OperationError if they will be neither, and the plan asks for that
 */
export function refuseUnfrozenServer({ facts }: Pick<LookedAt, 'facts'>, volumes: readonly Volume[]): void {
  const { server, image } = facts;
  const shared = volumes.find(({ attachments }) => attachments.length > 1);
  const root = volumes.find(({ bootable }) => bootable);
  if (shared === undefined && server.status === 'SHUTOFF' && server.powered !== true) return;
  const why =
    shared !== undefined
      ? `volume ${quoted(shared.name)} (${shared.id}) is attached to another server too`
      : image !== null
        ? 'it boots from an image, and Nova does not freeze the disk of such a server'
        : server.status !== 'ACTIVE'
          ? `it is ${server.status}`
          : requiresQuiesce(root?.imageMetadata ?? {})
            ? undefined
            : 'its image does not have os_require_quiesce=yes, so Nova would go on without freezing them';
  if (why === undefined) return;
  throw new OperationError(
    `the file systems of server ${quoted(server.name)} (${server.id}) may not be frozen: ${why}`,
    'Stop it first, boot it from a volume of an image with hw_qemu_guest_agent=yes and os_require_quiesce=yes, or use `consistency: best`.',
  );
}
