import type { Environment } from '../../environment.ts';
import { listAttachments, setDeleteOnTermination } from '../../openstack/compute/v2/attachments.ts';
import { replaceServerMetadata, type Server } from '../../openstack/compute/v2/servers.ts';
import { lateStep } from '../late.ts';
import { differences } from './check.ts';
import type { ServerRestorePlan } from './plan.ts';
import { finishPorts } from './ports.ts';
import type { PlacedDisk } from './request.ts';

export interface FinishedServer {
  /** What differs from the request, in words. */
  readonly differences: readonly string[];
  /** What failed, in words. */
  readonly undone: readonly string[];
}

/**
 * Gives a running server all that the saved one had; a step that fails does not stop the others. The record of a
 * temporary comes off with the metadata.
 */
export async function finishServer(
  { session, ledger }: Environment,
  { saved, network }: Pick<ServerRestorePlan, 'saved' | 'network'>,
  disks: readonly PlacedDisk[],
  server: Server,
): Promise<FinishedServer> {
  const nova = await session.service('compute');
  const [found, undone]: [string[], string[]] = [[], []];
  const step = (what: string, act: () => Promise<unknown>) => lateStep(session, undone, what, act);
  await step('its metadata', async () => {
    await ledger.release(server.id);
    await replaceServerMetadata(nova, server.id, saved.metadata);
  });
  await step('checking its disks', async () => {
    const seen = differences(saved, disks, server, await listAttachments(nova, server.id));
    found.push(...seen.differences);
    undone.push(...seen.detached);
  });
  await step('security groups and floating IPs of its ports', async () => {
    const ports = await finishPorts(session, server.id, network.ports);
    found.push(...ports.missing);
    undone.push(...ports.undone);
  });
  for (const { saved: disk, id } of disks) {
    if (disk.volume === null || !disk.deleteOnTermination) continue;
    const what = `deleting volume ${id} with the server`;
    if (!nova.supports('2.85'))
      found.push(`${what}: this cloud is too old to change that on a running server`);
    else await step(what, () => setDeleteOnTermination(nova, server.id, id, true));
  }
  return { differences: found, undone };
}
