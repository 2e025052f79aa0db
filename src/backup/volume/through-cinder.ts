import { randomUUID } from 'node:crypto';
import { describedAs } from '../../chain/adoptable.ts';
import { agreeOnChain, backupsOf } from '../../chain/agree.ts';
import type { BackupDecision } from '../../chain/decide.ts';
import { decide } from '../../chain/decide.ts';
import type { Marks } from '../../chain/marks.ts';
import { readTags, type Tags, writeTags } from '../../chain/tags.ts';
import type { Clock } from '../../clock.ts';
import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { VolumeBackupPoint } from '../../manifest/schema.ts';
import { allowance, TAKE_UP_MS } from '../../openstack/blockstorage/v3/allowance.ts';
import {
  type Backup,
  createBackup,
  deleteBackup,
  listBackups,
} from '../../openstack/blockstorage/v3/backups.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import { firstIn } from '../../pool.ts';
import { expiresAt } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';
import { toSecond } from '../../text/words.ts';
import type { Started } from '../kind.ts';
import { BeingBackedUp } from './being-backed-up.ts';
import type { VolumeBackupPlan } from './plan.ts';
import { consistencyOf, restorePoint } from './record.ts';

/** What the backups of one run share. */
export interface CinderSaving extends Environment {
  readonly client: ServiceClient;
  /** One list a tick for all of them. */
  readonly backups: Watcher<Backup>;
  /** Told of each complete backup. */
  readonly marks: Marks;
  /** For their restore points. */
  readonly tags: readonly string[];
  /** As in the wishes of a run. */
  readonly unlessSince: number | undefined;
}

/** What is known of a backup from its request on. */
interface Begun {
  readonly id: string;
  readonly chosen: Chosen;
  readonly tags: Tags;
  /** The cloud's time, milliseconds since the epoch. */
  readonly started: number;
}

/** A volume that goes to Cinder's backup service. */
export type BackupPlan = VolumeBackupPlan & { readonly decision: BackupDecision };

/** No backup service exists or takes the job: the volume may be saved in another way. */
export class NoBackupService extends OperationError {}

/**
 * Backs one volume up to Cinder and waits until that is done. The source is only read.
 *
 * @throws OperationError if the cloud fails; the failed backup is removed, earlier ones stay as they are
 */
export async function saveThroughCinder(plan: BackupPlan, saving: CinderSaving): Promise<VolumeBackupPoint> {
  const begun = await begin(plan, saving, false);
  const { clock } = saving;
  return pointOf(
    plan,
    begun,
    await finished(begun, plan.volume, saving, judgeWith(clock, begun.started)),
    saving,
  );
}

/**
 * The same, but the backup is left to the cloud as soon as it is seen with our tags: they let any later run
 * record it. The run waits for one that does not show them, since no later run would find it.
 */
export async function startThroughCinder(
  plan: BackupPlan,
  saving: CinderSaving,
): Promise<VolumeBackupPoint | Started> {
  const begun = await begin(plan, saving, true);
  const { id, tags, started } = begun;
  const isLeft = (backup: Backup) => readTags(backup)?.point === tags.point;
  const judge = judgeWith(saving.clock, started);
  const look = (backup: Backup) =>
    backup.status === 'creating' && isLeft(backup) ? { done: backup } : judge(backup);
  const backup = await finished(begun, plan.volume, saving, look);
  if (!isLeft(backup)) return pointOf(plan, begun, backup, saving);
  const { name, id: volumeId } = plan.volume;
  return {
    method: 'started',
    backup: id,
    point: tags.point,
    resource: { kind: 'volume', id: volumeId, name },
  };
}

/**
 * The request itself carries all tags: until a backup shows its container, Cinder writes the metadata of the request
 * back, and loses what was set meanwhile. Its id is added once a manifest lists it.
 * https://github.com/openstack/cinder/blob/master/cinder/objects/backup.py `obj_what_changed`
 *
 * @param handsOver whether to leave the backup to the cloud
 */
async function begin(plan: BackupPlan, saving: CinderSaving, handsOver: boolean): Promise<Begun> {
  const { client, clock, log } = saving;
  const { volume } = plan;
  await freshTokenFor(client.session, 'the backup', volume.size);
  const chosen = await chooseNow(plan, saving);
  const started = clock.now();
  const tags = tagsFor(plan, chosen, saving, started, handsOver);
  const id = await startBackup(plan, tags, saving);
  log.info(
    `backup ${id} of volume ${quoted(volume.name)} (${volume.id}) started: ${chosen.decision.mode}, because ${chosen.decision.reason}`,
  );
  return { id, chosen, tags, started };
}

async function pointOf(
  plan: BackupPlan,
  { chosen, tags, started }: Begun,
  backup: Backup,
  saving: CinderSaving,
): Promise<VolumeBackupPoint> {
  const kept = await agreeOnChain(backup, tags, chosen.before, saving);
  saving.marks.saw(backup, kept);
  return restorePoint({
    ...plan,
    backup,
    tags: kept,
    reason: reasonOf(chosen, backup),
    seconds: (saving.clock.now() - started) / 1000,
  });
}

interface Chosen {
  readonly decision: BackupDecision;
  /** The volume's backups right before the request; none if they do not matter. */
  readonly before: readonly Backup[];
}

/** Two runs that start together plan within a minute. */
const TOGETHER_MS = 60_000;

/**
 * Backups may have been made or deleted since the plan: list those of this volume again.
 *
 * @throws BeingBackedUp if another run has saved the volume since this run looked, and that is enough
 */
async function chooseNow(
  { volume, decision, wishes }: BackupPlan,
  { client, marks, ledger, unlessSince }: CinderSaving,
): Promise<Chosen> {
  if (wishes.mode === 'full') return { decision, before: [] };
  const before = marks.corrected(await backupsOf(client, volume.id));
  const other = unlessSince === undefined ? undefined : madeByOther(before, ledger.id, unlessSince);
  if (other !== undefined) throw new BeingBackedUp(volume.id, other);
  return { decision: decide(volume, before, wishes), before };
}

function madeByOther(backups: readonly Backup[], run: string, since: number): Backup | undefined {
  return backups.find((backup) => {
    const tags = readTags(backup);
    const isThere = backup.status === 'available' || backup.status === 'creating';
    if (!isThere || tags === undefined || tags.run === run) return false;
    // A recorded one was judged when the plan was looked at.
    const after = tags.state === 'recorded' ? since : since - TOGETHER_MS;
    return Date.parse(tags.made ?? '') >= after;
  });
}

function tagsFor(
  { volume, typeId, encryption }: BackupPlan,
  { decision }: Pick<Chosen, 'decision'>,
  { ledger: run, tags }: CinderSaving,
  now: number,
  handedOver: boolean,
): Tags {
  const increment = decision.mode === 'incremental' ? decision : undefined;
  return {
    run: run.id,
    backup: undefined,
    owner: run.owner,
    made: new Date(now).toISOString(),
    expires: new Date(expiresAt(now, volume.size)).toISOString(),
    point: randomUUID(),
    chain: increment?.chain ?? randomUUID(),
    position: increment?.position ?? 0,
    parent: increment?.parent,
    state: 'started',
    handedOver,
    consistency: consistencyOf(volume),
    volumeTypeId: typeId,
    volumeType: volume.volumeType,
    encrypted: encryption !== null,
    bootable: volume.bootable,
    pointTags: tags,
  };
}

async function startBackup(
  { volume, snapshotId }: BackupPlan,
  tags: Tags,
  { client, clock, log, signal }: CinderSaving,
): Promise<string> {
  const create = () =>
    createBackup(client, {
      volumeId: volume.id,
      name: `${volume.name || volume.id} ${toSecond(clock.now())}`.slice(-255),
      description: describedAs(tags.run),
      incremental: tags.parent !== undefined,
      force: volume.status === 'in-use' && snapshotId === undefined,
      snapshotId,
      metadata: writeTags(tags),
    });
  try {
    return await createOnce(create, () => findByPoint(client, volume.id, tags.point), { clock, log, signal });
  } catch (error) {
    if (snapshotId !== undefined || !hasStatus(error, 400)) throw error;
    // Another run may have asked for one a moment before, which may be done already.
    const others = await backupsOf(client, volume.id);
    const running =
      others.find(({ status }) => status === 'creating') ??
      (/backing-up/.test(error.message) ? others.find((backup) => isJustMade(backup, tags.made)) : undefined);
    throw running === undefined ? error : new BeingBackedUp(volume.id, running, error);
  }
}

function isJustMade(backup: Backup, made: string | undefined): boolean {
  const isRecent = Date.parse(backup.createdAt) > Date.parse(made ?? '') - TOGETHER_MS;
  return backup.status === 'available' && isRecent && readTags(backup) !== undefined;
}

async function findByPoint(
  client: ServiceClient,
  volumeId: string,
  point: string,
): Promise<string | undefined> {
  const backups = listBackups(client, { volumeId, newestFirst: true });
  return (await firstIn(backups, (backup) => readTags(backup)?.point === point))?.id;
}

/** The backup, once it is in the awaited state. */
async function finished(
  { id: backupId, started }: Begun,
  volume: Volume,
  saving: CinderSaving,
  look: (backup: Backup) => { done: Backup } | undefined,
): Promise<Backup> {
  const { backups, client, signal, until } = saving;
  const what = `the backup of volume ${quoted(volume.name)} (${volume.id})`;
  const deadline = started + allowance(volume.size);
  try {
    return await backups.until(backupId, look, { deadline: Math.min(deadline, until), signal });
  } catch (error) {
    if (error instanceof BackupFailed) {
      const said = error.backup.failReason;
      const gaveUp = await cloudGaveUp(client, `${what} failed`, said, [backupId, volume.id]);
      await removeFailed(backupId, saving);
      throw /service not found/i.test(said ?? '') ? new NoBackupService(gaveUp.message, gaveUp.hint) : gaveUp;
    }
    if (error instanceof NotTakenUp) throw nobodyTookIt(what, backupId, error);
    if (error instanceof DeadlineError) throw notDone(what, backupId, volume.size, until < deadline, error);
    throw error;
  }
}

function notDone(
  what: string,
  backupId: string,
  gigabytes: number,
  runEnds: boolean,
  cause: Error,
): OperationError {
  return runEnds
    ? new OperationError(
        `${what} did not finish before the run reached its deadline: backup ${backupId} is still being made`,
        'The next run adopts it once the cloud has finished it. Raise `deadline`, or select fewer volumes.',
        cause,
      )
    : new OperationError(
        `${what} timed out after ${duration(allowance(gigabytes))}: backup ${backupId} is still being made, or no service works on it`,
        'If the cloud still finishes it, the next run adopts it. If it never does, only the operator can reset it.',
        cause,
      );
}

class BackupFailed extends Error {
  readonly backup: Backup;
  constructor(backup: Backup) {
    super(`backup ${backup.id} is ${backup.status}`);
    this.backup = backup;
  }
}

class NotTakenUp extends Error {}

/**
 * A backup that a service has started has a zone: `create_backup` in
 * https://github.com/openstack/cinder/blob/master/cinder/backup/manager.py sets its own before it begins. Where no
 * service is alive, Cinder accepts a backup all the same, and it stays `creating` forever.
 */
function judgeWith({ now }: Clock, started: number) {
  return (backup: Backup): { done: Backup } | undefined => {
    const { status } = backup;
    if (status === 'available' || status === 'restoring') return { done: backup };
    if (status !== 'creating') throw new BackupFailed(backup);
    if (!isTakenUp(backup) && now() - started > TAKE_UP_MS) throw new NotTakenUp();
    return undefined;
  };
}

function isTakenUp({ availabilityZone, container }: Backup): boolean {
  return availabilityZone !== undefined || container !== undefined;
}

/**
 * A backup that an earlier run left to the cloud, and that no service takes up, nor any asked for later: each further
 * one would only leave one more volume in `backing-up`.
 *
 * @param all the project's backups
 * @param now the cloud's time, milliseconds since the epoch
 */
export function unansweredIn(all: readonly Backup[], now: number): string | undefined {
  const waiting = all.filter((backup) => {
    if (backup.status !== 'creating' || isTakenUp(backup)) return false;
    const tags = readTags(backup);
    return tags?.handedOver === true && now - Date.parse(backup.createdAt) > TAKE_UP_MS;
  });
  const answered = all.filter(isTakenUp).map(({ createdAt }) => createdAt);
  return waiting.find(({ createdAt }) => !answered.some((later) => later > createdAt))?.id;
}

export function notAsked({ name, id }: Volume, unanswered: string): NoBackupService {
  return new NoBackupService(
    `the backup of volume ${quoted(name)} (${id}) was not started: no backup service started backup ${unanswered}, left to the cloud by an earlier run, within ${duration(TAKE_UP_MS)}`,
    hintOf(unanswered),
  );
}

function hintOf(backupId: string): string {
  return `Backup ${backupId} stays \`creating\`, and its volume may stay \`backing-up\`: only the operator can reset them. Tell them that no backup service is running.`;
}

function nobodyTookIt(what: string, backupId: string, cause: Error): NoBackupService {
  return new NoBackupService(
    `${what} was accepted, but no backup service started it within ${duration(TAKE_UP_MS)}`,
    hintOf(backupId),
    cause,
  );
}

/** A backup in `error` restores nothing and still counts in the quota. */
export async function removeFailed(
  backupId: string,
  { backups, client, clock, log }: Pick<CinderSaving, 'backups' | 'client' | 'clock' | 'log'>,
): Promise<void> {
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

function reasonOf({ decision }: Chosen, backup: Backup): string {
  return backup.incremental || decision.mode === 'full'
    ? decision.reason
    : 'the cloud made the increment full';
}
