import type { Adopted } from '../backup/volume/adopt.ts';
import type { EitherTools, SavedEitherWay } from '../backup/volume/save.ts';
import type { VolumePlan } from '../backup/volume/volume-plan.ts';
import { PlainError } from '../errors.ts';
import type { Values } from '../inputs/table.ts';
import type { volumeInputs } from '../inputs/volumes.ts';
import type { VolumeBackupPoint } from '../manifest/schema.ts';
import { watchBackups } from '../openstack/blockstorage/v3/backups.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import { type QuotaLine, quotaSentence } from '../plan/quota.ts';
import type { Log } from '../ports/log.ts';
import type { Context } from '../run/context.ts';
import { bytes } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import { failed, type Saving } from './saving.ts';
import { savingStore } from './storing.ts';

/** What every command that saves volumes has in common. */

/**
 * Where data goes that leaves the cloud; undefined where no store is named: it stays there then.
 *
 * @throws InputError
 */
export async function payloadsOf(
  context: Context,
  given: {
    readonly store: string | undefined;
    readonly compression: PayloadStore['compression'];
    readonly recipients: readonly string[];
  },
): Promise<PayloadStore | undefined> {
  return given.store === undefined ? undefined : savingStore(context, given);
}

export function saveToolsOf(
  { context: { host, ledger }, until, marks }: Saving,
  client: ServiceClient,
  payloads: PayloadStore | undefined,
  method: Values<typeof volumeInputs>['method'],
): EitherTools {
  return {
    marks,
    session: client.session,
    payloads,
    otherwiseImage: method === 'auto',
    backupService: { answers: true },
    client,
    backups: watchBackups(client),
    run: ledger(client.session),
    clock: client.session.clock,
    log: host.log,
    signal: host.signal,
    until,
  };
}

/** Records a volume's restore point, with its key before it. */
export async function keepEitherWay(
  saving: Saving,
  { key, point }: SavedEitherWay,
  client: ServiceClient,
): Promise<void> {
  if (key !== undefined) await saving.record.add(key);
  if (point.method === 'cinder-backup') return keepVolume(saving, point, client);
  await saving.record.add(point);
  const { resource, image, payload, seconds } = point;
  const where =
    payload === null
      ? `image ${image.id}`
      : `${payload.name}, ${bytes(payload.size)} stored as ${bytes(payload.stored.size)}`;
  saving.context.host.log.info(
    `volume ${quoted(resource.name)} (${resource.id}) is saved as ${where}, after ${seconds.toFixed(1)} s`,
  );
}

/** Records a restore point, and marks its backup as recorded when that lasts. */
export async function keepVolume(
  { context: { host }, record, marks }: Saving,
  point: VolumeBackupPoint,
  client: ServiceClient,
): Promise<void> {
  const { backup, resource, seconds } = point;
  const lasts = await record.add(point);
  host.log.info(
    `backup ${backup.id} of volume ${quoted(resource.name)} is available${seconds > 0 ? ` after ${seconds.toFixed(1)} s` : ', taken up from a run that is dead'}`,
  );
  if (lasts) await marks.set(client, backup.id, host.log);
  else marks.later(backup.id);
}

/** Takes up what runs before did not live to record; one that cannot be written down fails alone. */
export async function keepAdopted(
  saving: Saving,
  adopted: readonly Adopted[],
  client: ServiceClient,
): Promise<void> {
  for (const { point, backup, tags } of adopted) {
    saving.marks.saw(backup, tags);
    try {
      await keepVolume(saving, point, client);
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      failed(saving, point.resource, error);
    }
  }
}

/** The quota after the run, and that it is used up then. */
export function tellQuota({ host }: Context, quota: readonly QuotaLine[], warning: string | undefined): void {
  host.log.info(quotaSentence(quota));
  if (warning !== undefined) host.log.warn(warning);
}

/** What a dry run says of something that will fail, with what to do about it. */
export function tellRefusal(log: Log, what: string, { message, hint }: PlainError): void {
  log.warn(`${what}: ${message}${hint === undefined ? '' : `. ${hint}`}`);
}

/** What is to be done with each volume. */
export function tellVolumes(
  { host }: Context,
  plans: readonly VolumePlan[],
  payloads: PayloadStore | undefined,
): void {
  for (const { volume, decision, encryption } of plans) {
    host.log.info(
      `${quoted(volume.name)} (${volume.id}), ${volume.size} GiB, ${volume.status}${encryption === null ? '' : `, encrypted (${encryption.provider ?? 'unknown provider'})`}: ${decision.mode}, because ${decision.reason}`,
    );
    if (decision.mode === 'image' && decision.doubt !== undefined)
      host.log.warn(
        `${decision.doubt} unless the operator says otherwise: should the image of ${quoted(volume.name)} (${volume.id}) fail, use method: cinder-backup`,
      );
  }
  const cloudOnly = plans.filter(({ encryption }) => encryption !== null).length;
  if (cloudOnly > 0 && payloads?.sealed !== true) host.log.warn(cloudOnlyKeys(cloudOnly));
}

function cloudOnlyKeys(count: number): string {
  return `${count === 1 ? 'one volume is' : `${count} volumes are`} encrypted, and the keys stay in the cloud only: if the cloud loses a key, its backup cannot be opened any more`;
}
