import type { Environment } from '../../environment.ts';
import type { SavedDisk } from '../../manifest/schema.ts';
import { type Volume, watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Watcher } from '../../openstack/watcher.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { pool } from '../../pool.ts';
import type { Log } from '../../ports/log.ts';
import { shareOf } from '../../ports/share.ts';
import { quoted } from '../../text/escape.ts';
import { restoreImage } from '../image/restore.ts';
import type { Reporter } from '../kind.ts';
import { missingOfPlan } from '../volume/plan.ts';
import { restoreVolume } from '../volume/restore.ts';
import type { DiskPlan } from './disks.ts';

/** A volume or an image that has all its data, and is the user's. */
export interface RestoredDisk {
  readonly saved: SavedDisk;
  /** The id of the volume or image that was saved. */
  readonly resource: string;
  /** Of the volume, or of the image if the disk is the server's own. */
  readonly id: string;
  readonly name: string;
  /** Whether it was made by this restore. */
  readonly isNew: boolean;
  /** What differs from the original, in words. */
  readonly missing: readonly string[];
  /** What failed after its data was complete, in words. */
  readonly undone: readonly string[];
  /** What could not be checked: then no server is booted from it. */
  readonly unseen: readonly string[];
}

export interface RestoredDisks {
  /** All that could be restored, in their order. */
  readonly disks: readonly RestoredDisk[];
  readonly failures: readonly unknown[];
}

/** Disks that are restored at the same time. */
const AT_ONCE = 4;

/** A disk belongs to the user as soon as it has its data, and stays even if others fail. */
export async function restoreDisks(
  environment: Environment,
  plans: readonly DiskPlan[],
  store: PayloadStore | undefined,
  to: Pick<Reporter, 'advance' | 'fail'>,
): Promise<RestoredDisks> {
  const failures: unknown[] = [];
  const volumes = watchVolumes(await environment.session.service('block-storage'));
  const disks = await pool(plans, AT_ONCE, async (plan) => {
    const { saved, resource, gigabytes } = plan;
    const share = shareOf(gigabytes, to);
    try {
      const back = await restoreDisk(environment, plan, store, volumes, share.onBytes);
      share.done();
      const disk = { ...back, saved, resource };
      if (disk.isNew) tellBack(environment.log, disk);
      return [disk];
    } catch (error) {
      failures.push(error);
      return [];
    }
  });
  return { disks: disks.flat(), failures };
}

async function restoreDisk(
  environment: Environment,
  disk: DiskPlan,
  store: PayloadStore | undefined,
  volumes: Watcher<Volume>,
  onBytes: (count: number) => void,
): Promise<Omit<RestoredDisk, 'saved' | 'resource'>> {
  switch (disk.from) {
    case 'cloud':
      return { id: disk.id, name: disk.name, isNew: false, missing: [], undone: [], unseen: [] };
    case 'payload': {
      const restored = await restoreImage(environment, disk.plan, store, onBytes);
      const { image, name, missing, undone } = restored;
      return { id: image.id, name, isNew: true, missing, undone, unseen: [] };
    }
    case 'backup': {
      const { plan } = disk;
      const { volume, undone, unseen } = await restoreVolume(environment, plan, store, volumes, onBytes);
      return { id: volume.id, name: volume.name, isNew: true, missing: missingOfPlan(plan), undone, unseen };
    }
  }
}

/** At once: a killed run says nothing later, and the next run does not know what belongs to the user. */
function tellBack(log: Log, { id, name, saved, resource }: RestoredDisk): void {
  const kind = saved.volume === null ? 'image' : 'volume';
  log.info(
    `${kind} ${quoted(name)} (${id}) has all its data. If the server fails, reuse it with \`map\`: ${kind}: ${resource}=${id}`,
  );
}
