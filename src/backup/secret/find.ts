import { InputError, OperationError } from '../../errors.ts';
import type { SavedSecret } from '../../manifest/schema.ts';
import { type Backup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getVolumeEncryption, listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { isUuid } from '../../openstack/decode.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { getSecret, listSecrets } from '../../openstack/keymanager/v1/secrets.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import type { Session } from '../../openstack/session.ts';
import { oneOf, parseSelectors, select } from '../../plan/select.ts';
import { collect } from '../../pool.ts';
import { selectImages } from '../image/select.ts';

/** What keys are looked for through, each as a person names it. */
export interface KeyWishes {
  readonly secrets: readonly string[];
  readonly volumes: readonly string[];
  readonly backups: readonly string[];
  readonly images: readonly string[];
}

/** A key, and what was named that uses it. */
export interface WantedKey {
  readonly id: string;
  readonly name: string;
  readonly usedBy: SavedSecret['usedBy'];
}

/**
 * The keys that are meant, each once: several things may share one.
 *
 * @throws InputError for what is not there, or has no key that the cloud tells of
 */
export async function findKeys(session: Session, wishes: KeyWishes): Promise<WantedKey[]> {
  const found = [
    ...(await bySecrets(session, wishes.secrets)),
    ...(await byVolumes(session, wishes.volumes)),
    ...(await byBackups(session, wishes.backups)),
    ...(await byImages(session, wishes.images)),
  ];
  if (found.length === 0)
    throw new InputError(
      'nothing is named whose key is to be saved',
      'Name secrets with `secrets`, or what they encrypt with `volumes`, `backups` or `images`.',
    );
  const keys = Map.groupBy(found, ({ id }) => id);
  return [...keys].map(([id, same]) => ({
    id,
    name: same.find(({ name }) => name !== '')?.name ?? '',
    usedBy: same.flatMap(({ usedBy }) => usedBy),
  }));
}

async function bySecrets(session: Session, wanted: readonly string[]): Promise<WantedKey[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('key-manager');
  return Promise.all(wanted.map((nameOrId) => oneSecret(client, nameOrId)));
}

async function oneSecret(client: ServiceClient, nameOrId: string): Promise<WantedKey> {
  if (isUuid(nameOrId)) {
    const secret = await getSecret(client, nameOrId.toLowerCase()).catch((error: unknown) => {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    });
    if (secret !== undefined) return { id: nameOrId.toLowerCase(), name: secret.name ?? '', usedBy: [] };
  }
  const named = await collect(listSecrets(client, { name: nameOrId }));
  const { id, name } = oneOf(
    'secret',
    nameOrId,
    named.map((secret) => ({ ...secret, name: secret.name ?? '' })),
  );
  return { id, name, usedBy: [] };
}

async function byVolumes(session: Session, wanted: readonly string[]): Promise<WantedKey[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('block-storage');
  const volumes = select('volume', parseSelectors('volume', wanted), await collect(listVolumes(client)));
  return Promise.all(
    volumes.map(async (volume) => {
      const what = `volume ${volume.id}`;
      return wantedKey('volume', volume, shown(await keyOfVolume(client, volume), what, volume.encrypted));
    }),
  );
}

/** In the volume itself from 3.64. */
async function keyOfVolume(client: ServiceClient, volume: Volume): Promise<string | undefined> {
  if (!volume.encrypted || volume.encryptionKeyId !== undefined) return volume.encryptionKeyId;
  return (await getVolumeEncryption(client, volume.id)).keyId;
}

async function byBackups(session: Session, wanted: readonly string[]): Promise<WantedKey[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('block-storage');
  if (!client.supports('3.64'))
    throw new OperationError(
      'this cloud does not tell the keys of backups',
      'Name the volumes instead: a backup has a clone of its volume’s key.',
    );
  const all = await collect(listBackups(client));
  return wanted.map((nameOrId) => {
    const backup = oneBackup(all, nameOrId);
    return wantedKey('backup', backup, shown(backup.encryptionKeyId, `backup ${backup.id}`, false));
  });
}

function oneBackup(all: readonly Backup[], nameOrId: string): Backup {
  const [found, ...more] = all.filter(({ id, name }) => id === nameOrId.toLowerCase() || name === nameOrId);
  if (found === undefined || more.length > 0)
    throw new InputError(
      `${found === undefined ? 'there is no backup' : `${more.length + 1} backups are`} called ${nameOrId}`,
      'Give the id: openstack volume backup list.',
    );
  return found;
}

async function byImages(session: Session, wanted: readonly string[]): Promise<WantedKey[]> {
  if (wanted.length === 0) return [];
  const images = await selectImages(session, parseSelectors('image', wanted));
  return images.map((image) =>
    wantedKey('image', image, shown(image.properties[KEY_ID], `image ${image.id}`, false)),
  );
}

function wantedKey(
  kind: 'volume' | 'backup' | 'image',
  { id, name }: { readonly id: string; readonly name: string },
  keyId: string,
): WantedKey {
  return { id: keyId, name: '', usedBy: [{ kind, id, name }] };
}

/** The all-zero key of a cloud with one key for all is no secret that can be read. */
function shown(keyId: string | undefined, what: string, encrypted: boolean): string {
  if (keyId !== undefined && !/^[0-]+$/.test(keyId)) return keyId;
  throw new InputError(
    encrypted
      ? `${what} is encrypted with a key that the cloud does not tell`
      : `${what} has no key: it is not encrypted`,
    encrypted
      ? 'The operator keeps one key for all volumes; it cannot be exported.'
      : 'Leave it out, or save its data with another action.',
  );
}
