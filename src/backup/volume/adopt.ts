import { adoptable, type Unrecorded } from '../../chain/adoptable.ts';
import { isNewer } from '../../chain/chain.ts';
import { metadataWith, POINT_TAG, type Tags } from '../../chain/tags.ts';
import type { Environment } from '../../environment.ts';
import { messageOf, OperationError, PlainError } from '../../errors.ts';
import { withTags } from '../../manifest/points.ts';
import type { SecretPoint, VolumeBackupPoint } from '../../manifest/schema.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import { listVolumeTypes } from '../../openstack/blockstorage/v3/types.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Holdings } from '../../temporaries/holdings.ts';
import type { Leftover } from '../../temporaries/leftovers.ts';
import { quoted } from '../../text/escape.ts';
import type { Refused } from '../kind.ts';
import { VolumeKeys } from './keys.ts';
import { encryptionOf, typeIdOf } from './plan.ts';
import { restorePoint } from './record.ts';
import { keyOf, withSavedKey } from './save.ts';

/** A backup that is adopted, with the tags that it should have. */
export interface Adopted extends Unrecorded {
  /** To be recorded before the point, which refers to it. */
  readonly key: SecretPoint | undefined;
  readonly point: VolumeBackupPoint;
}

/** The backups that earlier runs left: adopted, or refused. */
export interface TakenUp {
  readonly adopted: readonly Adopted[];
  /** Backups that were left to the cloud, but that no run can record: nobody waited for them. */
  readonly refused: readonly (Refused & { readonly backup: string })[];
}

type Whole = Extract<Leftover, { action: 'adopt' | 'doubt' }>;

/**
 * Restore points of complete backups that earlier runs left to the cloud, or did not record. Their volumes are
 * described as they are now, except for what the backup itself records; a backup whose volume is gone stays as it is,
 * and can be restored by its id.
 *
 * @param holdings listed before anything was begun
 * @param payloads where keys are sealed
 * @param done the points that this run has already recorded, and the backups that it has reported
 */
export async function adopt(
  environment: Pick<Environment, 'session' | 'clock' | 'signal' | 'log'>,
  leftovers: readonly Leftover[],
  { backups, volumes }: Pick<Holdings, 'backups' | 'volumes'>,
  payloads: PayloadStore | undefined,
  done: ReadonlySet<string>,
): Promise<TakenUp> {
  const { session, log } = environment;
  const adopted: Adopted[] = [];
  const refused: (Refused & { backup: string })[] = [];
  const whole = leftovers.filter(
    (one): one is Whole =>
      (one.action === 'adopt' || one.action === 'doubt') &&
      !done.has(one.tags.point) &&
      !done.has(one.backup.id),
  );
  if (whole.length === 0) return { adopted, refused };
  const client = await session.service('block-storage');
  const types = await listVolumeTypes(client);
  // With the tags corrected so far: an increment goes by its parent's.
  const seen = new Map(backups.map((backup) => [backup.id, backup]));
  for (const leftover of whole.toSorted((a, b) => Number(isNewer(a.backup, b.backup)) * 2 - 1)) {
    const { backup } = leftover;
    const { what, reason, seconds } = wordsOf(leftover);
    const byHand = `\`restore-volume\` with \`backup: ${backup.id}\` restores it`;
    const volume = volumes.find(({ id }) => id === backup.volumeId);
    if (volume === undefined) {
      log.warn(`${what} is complete, but its volume is gone: ${byHand}`);
      continue;
    }
    const refuse = (why: string) => {
      const { id, name } = volume;
      refused.push({
        backup: backup.id,
        subject: { kind: 'volume', id, name },
        error: new OperationError(
          `backup ${backup.id} of volume ${quoted(name)} (${id}), left to the cloud by an earlier run, is complete, but cannot be recorded: ${why}`,
          `${byHand}. If nobody needs it, delete it: openstack volume backup delete ${backup.id}. If it is to stay, remove its tags: openstack volume backup unset --property ${POINT_TAG} ${backup.id}`,
        ),
      });
    };
    const found = leftover.action === 'doubt' ? leftover : adoptable(leftover, [...seen.values()]);
    if ('why' in found) {
      if (leftover.tags.handedOver) refuse(found.why);
      else log.warn(`${what} is not adopted: ${found.why}; ${byHand}`);
      continue;
    }
    const { tags } = found;
    seen.set(backup.id, { ...backup, metadata: metadataWith(backup, tags) });
    try {
      const encryption = await encryptionOf(new VolumeKeys(client), volume);
      const facts = { volume, typeId: typeIdOf(volume, types), encryption, backup, tags, reason, seconds };
      const saved = await keyOf({ volume, encryption }, { ...environment, payloads });
      const { key, point } = withSavedKey(restorePoint(facts), saved);
      const tagged = <P extends SecretPoint | VolumeBackupPoint>(one: P): P => withTags(one, tags.pointTags);
      adopted.push({ backup, tags, key: key && tagged(key), point: tagged(point) });
    } catch (error) {
      if (leftover.tags.handedOver && error instanceof PlainError) refuse(messageOf(error));
      else log.warn(`${what} cannot be adopted: ${messageOf(error)}`);
    }
  }
  return { adopted, refused };
}

function wordsOf({ backup, tags }: { readonly backup: Backup; readonly tags: Tags }) {
  const { id, createdAt, updatedAt } = backup;
  if (!tags.handedOver)
    return {
      what: `backup ${id} of an interrupted run`,
      reason: `run ${tags.run} made it, but ended before recording it`,
      seconds: 0,
    };
  return {
    what: `backup ${id}, left to the cloud by an earlier run,`,
    reason: `run ${tags.run} left it to the cloud`,
    seconds:
      updatedAt === undefined ? 0 : Math.max(0, (Date.parse(updatedAt) - Date.parse(createdAt)) / 1000),
  };
}
