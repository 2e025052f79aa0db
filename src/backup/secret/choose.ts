import { isUuid } from '../../decode.ts';
import { InputError, OperationError } from '../../errors.ts';
import type { SavedSecret } from '../../manifest/schema.ts';
import { type Backup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getVolumeEncryption, listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import { orGone } from '../../openstack/errors.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { getSecret, listSecrets } from '../../openstack/keymanager/v1/secrets.ts';
import { oneOf, parseSelectors, select } from '../../plan/select.ts';
import { collect, pool } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';
import { selectImages, visibleImages } from '../image/choose.ts';

/** What keys are looked for through, each as a person names it. */
export interface KeyWishes {
  readonly secrets: readonly string[];
  readonly volumes: readonly string[];
  readonly backups: readonly string[];
  readonly images: readonly string[];
}

/** A key, and the given resources that use it. */
export interface WantedKey {
  readonly id: string;
  readonly name: string;
  readonly usedBy: SavedSecret['usedBy'];
}

/** Something that may have a key. */
interface User {
  readonly kind: 'volume' | 'backup' | 'image';
  readonly id: string;
  readonly name: string;
  readonly encrypted: boolean;
  readonly keyId: string | undefined;
  /** By its own name or id, and not as one of many. */
  readonly named: boolean;
}

/**
 * The selected keys, each once: several resources may share one. If many are selected, those that are not encrypted are
 * skipped.
 *
 * @throws InputError for what does not exist, or has no key that the cloud shows
 */
export async function findKeys(session: Session, wishes: KeyWishes): Promise<WantedKey[]> {
  const { secrets, volumes, backups, images } = wishes;
  if ([secrets, volumes, backups, images].every((wanted) => wanted.length === 0))
    throw new InputError(
      'no secrets, volumes, backups or images given',
      'Give secrets with `secrets`, or what they encrypt with `volumes`, `backups` or `images`.',
    );
  const users = [
    ...(await usersAmongVolumes(session, volumes)),
    ...(await usersAmongBackups(session, backups)),
    ...(await usersAmongImages(session, images)),
  ];
  const found = [...(await bySecrets(session, secrets)), ...users.flatMap(keyOf)];
  if (found.length === 0)
    throw new InputError('none of the given resources is encrypted', 'There is no key to save.');
  const keys = Map.groupBy(found, ({ id }) => id);
  return [...keys].map(([id, same]) => ({
    id,
    name: same.find(({ name }) => name !== '')?.name ?? '',
    usedBy: same.flatMap(({ usedBy }) => usedBy),
  }));
}

/** The all-zero key of a cloud with one key for all is no secret that can be read. */
function keyOf({ kind, id, name, encrypted, keyId, named }: User): WantedKey[] {
  if (keyId !== undefined && !/^[0-]+$/.test(keyId))
    return [{ id: keyId, name: '', usedBy: [{ kind, id, name }] }];
  if (encrypted)
    throw new InputError(
      `${kind} ${id} is encrypted with a key that the cloud does not show`,
      'The operator keeps one key for all volumes; it cannot be exported.',
    );
  if (!named) return [];
  throw new InputError(
    `${kind} ${quoted(name)} (${id}) has no key: it is not encrypted`,
    'Leave it out, or save its data with another action.',
  );
}

async function bySecrets(session: Session, wanted: readonly string[]): Promise<WantedKey[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('key-manager');
  return pool(wanted, 4, (nameOrId) => oneSecret(client, nameOrId));
}

async function oneSecret(client: ServiceClient, nameOrId: string): Promise<WantedKey> {
  if (isUuid(nameOrId)) {
    const secret = await orGone(getSecret(client, nameOrId.toLowerCase()));
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

async function usersAmongVolumes(session: Session, wanted: readonly string[]): Promise<User[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('block-storage');
  const all = await collect(listVolumes(client));
  const meant = parseSelectors('volume', wanted).flatMap((selector) =>
    select('volume', [selector], all).map((volume) => ({ volume, named: selector.kind === 'one' })),
  );
  return pool(meant, 4, async ({ volume, named }) => {
    const { id, name, encrypted } = volume;
    return { kind: 'volume' as const, id, name, encrypted, keyId: await keyOfVolume(client, volume), named };
  });
}

/** In the volume itself from 3.64. */
async function keyOfVolume(client: ServiceClient, volume: Volume): Promise<string | undefined> {
  if (!volume.encrypted || volume.encryptionKeyId !== undefined) return volume.encryptionKeyId;
  return (await getVolumeEncryption(client, volume.id)).keyId;
}

async function usersAmongBackups(session: Session, wanted: readonly string[]): Promise<User[]> {
  if (wanted.length === 0) return [];
  const client = await session.service('block-storage');
  if (!client.supports('3.64'))
    throw new OperationError(
      'this cloud does not show the keys of backups',
      'Give the volumes instead: a backup has a clone of its volume’s key.',
    );
  const all = await collect(listBackups(client));
  return wanted.map((nameOrId) => {
    const { id, name, encryptionKeyId } = oneBackup(all, nameOrId);
    return { kind: 'backup', id, name, encrypted: false, keyId: encryptionKeyId, named: true };
  });
}

function oneBackup(all: readonly Backup[], nameOrId: string): Backup {
  const [found, ...more] = all.filter(({ id, name }) => id === nameOrId.toLowerCase() || name === nameOrId);
  if (found === undefined || more.length > 0)
    throw new InputError(
      `${found === undefined ? 'there is no backup' : `${more.length + 1} backups are`} called ${quoted(nameOrId)}`,
      'Give its id. List them with: openstack volume backup list',
    );
  return found;
}

async function usersAmongImages(session: Session, wanted: readonly string[]): Promise<User[]> {
  if (wanted.length === 0) return [];
  const all = await visibleImages(session);
  return parseSelectors('image', wanted).flatMap((selector) =>
    selectImages(selector, all, session.scope.project.id).map(({ id, name, properties }) => ({
      kind: 'image' as const,
      id,
      name,
      encrypted: false,
      keyId: properties[KEY_ID],
      named: selector.kind === 'one',
    })),
  );
}
