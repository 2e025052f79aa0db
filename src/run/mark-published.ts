import { markPoints } from '../chain/marks.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import type { Host } from '../ports/host.ts';
import { openContext } from './open-context.ts';

/** Marks the backups of these restore points as recorded, in the cloud that the inputs choose. */
export async function markInCloud(
  given: CloudInputs,
  points: ReadonlySet<string>,
  host: Host,
): Promise<void> {
  const { context, close } = openContext(host, false);
  try {
    const session = await context.connect(given);
    if (session.has('block-storage'))
      await markPoints(await session.service('block-storage'), points, host.log);
  } finally {
    await close();
  }
}
