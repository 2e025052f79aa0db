import { messageOf } from '../../errors.ts';
import { listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getVolumeEncryption, listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../openstack/connection.ts';
import { listImages } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import {
  deleteSecret,
  type ListedSecret,
  listSecrets,
  readPayload,
  samePayload,
} from '../../openstack/keymanager/v1/secrets.ts';
import { collect } from '../../pool.ts';
import type { Log } from '../../ports/log.ts';

/** The clocks of the services differ a little. */
const SLACK_MS = 5_000;
/** Cinder needs this long to name a clone that it made for another volume with the same key. */
const NAMING_MS = 5_000;

/**
 * Removes the clones of a volume's key that a refused upload left: Cinder makes one before it looks at anything else,
 * and forgets it when it refuses. A secret is surely such a clone if we made it since then, it has no name and the same
 * bytes as the volume's key, and nothing in the project names it, now or a moment later; even if that is wrong, no byte
 * of a key is lost. If Cinder does not say which keys it uses, the clones are reported, and stay.
 * https://github.com/openstack/cinder/blob/master/cinder/volume/api.py `copy_volume_to_image`
 *
 * @param since when the upload began, milliseconds since the epoch
 */
export async function removeOrphans(
  session: Session,
  volume: Volume,
  since: number,
  log: Log,
): Promise<void> {
  if (!volume.encrypted) return;
  try {
    const left = await clonesLeft(session, volume, since);
    if (left.length === 0) return;
    if (!(await session.service('block-storage')).supports('3.64')) {
      log.warn(
        `the failed upload may have left clones of the key of volume ${volume.id} in Barbican, and the cloud does not show whether they are in use: ${left.join(', ')}`,
      );
      return;
    }
    await session.clock.sleep(NAMING_MS, session.signal);
    const named = await keysInUse(session);
    for (const id of left.filter((secret) => !named.has(secret))) {
      await deleteSecret(await session.service('key-manager'), id);
      log.info(
        `secret ${id}, a clone of the key of volume ${volume.id} left by the failed upload, was removed`,
      );
    }
  } catch (error) {
    log.warn(
      `the failed upload may have left a clone of the key of volume ${volume.id} in Barbican, and the search for it failed: ${messageOf(error)}`,
    );
  }
}

/** Ids of secrets that look like what an upload leaves. */
async function clonesLeft(session: Session, volume: Volume, since: number): Promise<string[]> {
  const keyId = volume.encryptionKeyId ?? (await keyOf(session, volume));
  if (keyId === undefined) return [];
  const young = (await youngSecrets(session, since)).filter(
    ({ id, name, creatorId }) =>
      id !== keyId && name === undefined && (creatorId === undefined || creatorId === session.scope.user.id),
  );
  if (young.length === 0) return [];
  const barbican = await session.service('key-manager');
  const named = await keysInUse(session);
  const unnamed = young.filter(({ id }) => !named.has(id));
  if (unnamed.length === 0) return [];
  const key = await readPayload(barbican, keyId);
  const left: string[] = [];
  for (const { id } of unnamed) if (samePayload(await readPayload(barbican, id), key)) left.push(id);
  return left;
}

async function keyOf(session: Session, volume: Volume): Promise<string | undefined> {
  return (await getVolumeEncryption(await session.service('block-storage'), volume.id)).keyId;
}

async function youngSecrets(session: Session, since: number): Promise<ListedSecret[]> {
  const young: ListedSecret[] = [];
  for await (const page of listSecrets(await session.service('key-manager'))) {
    const mine = page.filter(({ createdAt }) => Date.parse(createdAt) >= since - SLACK_MS);
    young.push(...mine);
    if (mine.length < page.length) break;
  }
  return young;
}

/** Every key that a volume, a backup or an image of the project names. */
async function keysInUse(session: Session): Promise<Set<string | undefined>> {
  const cinder = await session.service('block-storage');
  const glance = await session.service('image');
  const [volumes, backups, images] = await Promise.all([
    collect(listVolumes(cinder)),
    collect(listBackups(cinder)),
    collect(listImages(glance, { owner: session.scope.project.id })),
  ]);
  return new Set([
    ...volumes.map(({ encryptionKeyId }) => encryptionKeyId),
    ...backups.map(({ encryptionKeyId }) => encryptionKeyId),
    ...images.map(({ properties }) => properties[KEY_ID]),
  ]);
}
