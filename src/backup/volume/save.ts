import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import type { HostLog, RunIdentity } from '../../host/host.ts';
import type { RestorePoint } from '../../manifest/schema.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import {
  type Backup,
  createBackup,
  deleteBackup,
  listBackups,
  updateBackupMetadata,
} from '../../openstack/blockstorage/v3/backups.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import { quoted } from '../../text/escape.ts';
import { readTags, type Tags, writeTags } from '../tags.ts';
import type { VolumePlan } from './preflight.ts';

export interface SaveTools {
  readonly client: ServiceClient;
  readonly backups: Watcher<Backup>;
  readonly run: RunIdentity;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly signal: AbortSignal;
}

/**
 * Backs one volume up to Cinder and waits until that is done. The source is only read.
 *
 * @throws OperationError when the cloud gives up; the failed backup is removed then, earlier ones stay as they are
 */
export async function saveVolume(plan: VolumePlan, tools: SaveTools): Promise<RestorePoint> {
  const { client, clock, log } = tools;
  const { volume } = plan;
  const tags = tagsFor(plan, tools.run);
  const started = clock.now();
  await freshToken(client, volume);
  const backupId = await startBackup(plan, tags, tools);
  log.info(
    `backup ${backupId} of volume ${quoted(volume.name)} (${volume.id}) started: ${plan.decision.mode}, because ${plan.decision.reason}`,
  );
  const backup = await finished(backupId, volume, tools, started);
  const kept = await agreeOnChain(backup, tags, tools);
  return restorePoint(plan, backup, kept, (clock.now() - started) / 1000);
}

/** Marks a backup as standing in a manifest, so that no later run takes it for left over. */
export async function markRecorded(
  client: ServiceClient,
  backup: Pick<Backup, 'id' | 'metadata'>,
): Promise<void> {
  const tags = readTags(backup);
  if (tags === undefined || tags.state === 'recorded' || !client.supports('3.43')) return;
  await updateBackupMetadata(client, backup.id, {
    ...backup.metadata,
    ...writeTags({ ...tags, state: 'recorded' }),
  });
}

function tagsFor({ volume, typeId, encryption, decision }: VolumePlan, run: RunIdentity): Tags {
  const increment = decision.mode === 'incremental' ? decision : undefined;
  return {
    run: run.id,
    owner: run.owner,
    point: randomUUID(),
    chain: increment?.chain ?? randomUUID(),
    position: increment?.position ?? 0,
    parent: increment?.parent,
    state: 'started',
    volumeTypeId: typeId,
    volumeType: volume.volumeType,
    encrypted: encryption !== null,
    bootable: volume.bootable,
  };
}

/** Cinder clones an encrypted volume's key with our token, and posts with it until the end. */
async function freshToken(client: ServiceClient, volume: Volume): Promise<void> {
  const life = await client.session.freshToken();
  if (life < allowance(volume.size) / 4)
    client.session.log.warn(
      `the token is good for ${duration(life)} only; the backup of ${volume.size} GiB may outlast it`,
    );
}

function startBackup(
  { volume, decision }: VolumePlan,
  tags: Tags,
  { client, clock, log, signal }: SaveTools,
): Promise<string> {
  const create = () =>
    createBackup(client, {
      volumeId: volume.id,
      name: `${volume.name || volume.id} ${new Date(clock.now()).toISOString().slice(0, 19)}Z`.slice(-255),
      description: `made by openstack-backup, run ${tags.run}`,
      incremental: decision.mode === 'incremental',
      force: volume.status === 'in-use',
      metadata: writeTags(tags),
    });
  return createOnce(create, () => findByPoint(client, volume.id, tags.point), { clock, log, signal });
}

async function findByPoint(
  client: ServiceClient,
  volumeId: string,
  point: string,
): Promise<string | undefined> {
  for await (const page of listBackups(client, { volumeId, newestFirst: true })) {
    const found = page.find((backup) => readTags(backup)?.point === point);
    if (found !== undefined) return found.id;
  }
  return undefined;
}

async function finished(
  backupId: string,
  volume: Volume,
  tools: SaveTools,
  started: number,
): Promise<Backup> {
  const { backups, client, signal } = tools;
  const what = `the backup of volume ${quoted(volume.name)} (${volume.id})`;
  try {
    return await backups.until(backupId, judge, { deadline: started + allowance(volume.size), signal });
  } catch (error) {
    if (error instanceof BackupFailed) {
      const gaveUp = await cloudGaveUp(client, `${what} failed`, error.backup.failReason, [
        backupId,
        volume.id,
      ]);
      await removeFailed(backupId, tools);
      throw gaveUp;
    }
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} is not done after ${duration(allowance(volume.size))}: backup ${backupId} is still being made, or no service takes it`,
        'The cloud may still finish it, and the next run takes it up. If it never does, only the operator can reset it.',
        error,
      );
    throw error;
  }
}

class BackupFailed extends Error {
  readonly backup: Backup;
  constructor(backup: Backup) {
    super(`backup ${backup.id} is ${backup.status}`);
    this.backup = backup;
  }
}

function judge(backup: Backup): { done: Backup } | undefined {
  if (backup.status === 'creating') return undefined;
  if (backup.status === 'available' || backup.status === 'restoring') return { done: backup };
  throw new BackupFailed(backup);
}

/** A backup in `error` restores nothing and still counts in the quota. */
async function removeFailed(backupId: string, { backups, client, clock, log }: SaveTools): Promise<void> {
  try {
    await deleteBackup(client, backupId);
    await backups.gone(backupId, stuck, { deadline: clock.now() + 60_000 });
  } catch (error) {
    log.warn(`the failed backup ${backupId} cannot be removed: ${(error as Error).message}`);
  }
}

function stuck(backup: Backup): undefined {
  if (backup.status === 'error_deleting')
    throw new Error('the cloud failed to delete it, and only the operator can');
  return undefined;
}

/** A driver may make an increment full (Ceph does, without a base on its side): then it starts a chain of its own. */
async function agreeOnChain(backup: Backup, tags: Tags, { client, log }: SaveTools): Promise<Tags> {
  if (tags.parent === undefined || backup.incremental) return tags;
  log.warn(
    `the cloud made backup ${backup.id} full although an increment was asked for; a new chain starts with it`,
  );
  const own: Tags = { ...tags, chain: randomUUID(), position: 0, parent: undefined };
  const { 'openstack-backup:parent': _gone, ...metadata } = backup.metadata;
  await updateBackupMetadata(client, backup.id, { ...metadata, ...writeTags(own) });
  return own;
}

function restorePoint(plan: VolumePlan, backup: Backup, tags: Tags, seconds: number): RestorePoint {
  const { volume, decision } = plan;
  return {
    id: tags.point,
    resource: {
      kind: 'volume',
      id: volume.id,
      name: volume.name,
      description: volume.description,
      size: volume.size,
      type: { id: plan.typeId ?? null, name: volume.volumeType ?? null },
      availabilityZone: volume.availabilityZone,
      bootable: volume.bootable,
      multiattach: volume.multiattach,
      metadata: { ...volume.metadata },
      imageMetadata: { ...volume.imageMetadata },
      attachments: volume.attachments.map(({ serverId, device }) => ({ server: serverId, device })),
      created: volume.createdAt,
      encryption: plan.encryption,
    },
    method: 'cinder-backup',
    backup: {
      id: backup.id,
      size: backup.size,
      incremental: backup.incremental,
      created: backup.createdAt,
      dataTimestamp: backup.dataTimestamp,
      availabilityZone: backup.availabilityZone ?? null,
      container: backup.container ?? null,
      keyId: backup.encryptionKeyId ?? null,
    },
    chain: { id: tags.chain, position: tags.position, parent: tags.parent ?? null },
    reason:
      backup.incremental || decision.mode === 'full' ? decision.reason : 'the cloud made the increment full',
    consistency: volume.attachments.length === 0 ? 'offline' : 'crash',
    seconds,
  };
}
