import {
  getVolumeEncryption,
  type Volume,
  type VolumeEncryption,
} from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { ListedSecret, Secret } from '../../openstack/keymanager/v1/secrets.ts';
import { counted } from '../../text/words.ts';
import type { KeyCheck } from '../kind.ts';

/** What is known of keys before any is asked for. */
export interface KnownKeys {
  /** Those of the project, as far as they may be listed. */
  readonly secrets: readonly ListedSecret[];
  readonly keys: KeyCheck;
}

/** So many keys are read before a list is relied on: a small project's plan reads them all. */
const READ_FIRST = 20;

/** How volumes are encrypted and with which keys; each fact is asked for once. */
export class VolumeKeys {
  readonly #client: ServiceClient;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #check: KeyCheck;
  readonly #ofType = new Map<string, Promise<VolumeEncryption>>();
  /** The first of those that the list shows as readable, and whether all of them were. */
  readonly #first: Promise<Secret>[] = [];
  #wereRead: Promise<boolean> | undefined;
  #unread = 0;

  constructor(client: ServiceClient, known: KnownKeys = { secrets: [], keys: 'each' }) {
    this.#client = client;
    this.#secrets = new Map(known.secrets.map((secret) => [secret.id, secret]));
    this.#check = known.keys;
  }

  /**
   * Cinder takes all but the key's id from the volume's type: one request for each type, where lists tell the ids
   * (3.64).
   * https://github.com/openstack/cinder/blob/master/cinder/db/api.py `volume_encryption_metadata_get`
   */
  async encryptionOf({ id, volumeTypeId, encryptionKeyId }: Volume): Promise<VolumeEncryption> {
    if (encryptionKeyId === undefined || volumeTypeId === undefined)
      return getVolumeEncryption(this.#client, id);
    let asked = this.#ofType.get(volumeTypeId);
    if (asked === undefined) {
      asked = getVolumeEncryption(this.#client, id);
      this.#ofType.set(volumeTypeId, asked);
      // A failure says nothing about the other volumes of the type.
      asked.catch(() => this.#ofType.delete(volumeTypeId));
    }
    return { ...(await asked), keyId: encryptionKeyId };
  }

  /**
   * The key's attributes. Reads its bytes with the user's rights and drops them, unless similar keys were read already.
   *
   * @throws OperationError if it cannot be read
   */
  async readable(keyId: string, owner: string): Promise<Secret> {
    const listed = this.#secrets.get(keyId);
    const read = () => readableKey(this.#client.session, keyId, owner, listed);
    if (listed === undefined || !isOpenToProject(listed)) return read();
    if (this.#check === 'each') return read();
    if (this.#first.length < READ_FIRST) {
      const one = read();
      this.#first.push(one);
      return one;
    }
    this.#wereRead ??= Promise.allSettled(this.#first).then((all) =>
      all.every((one) => one.status === 'fulfilled'),
    );
    if (!(await this.#wereRead)) return read();
    this.#unread += 1;
    return listed;
  }

  /** Says how many keys were read, and how many were not. */
  tell(): void {
    if (this.#unread > 0)
      this.#client.session.log.info(
        `${counted(this.#first.length, 'key was', 'keys were')} read for this plan; ${counted(this.#unread, 'more is listed like them, and is read when its volume is', 'more are listed like them, and are read when their volumes are')} backed up`,
      );
  }
}

/**
 * Whether a user who can read similar keys can read this one: Barbican decides by roles alone, unless an access list
 * makes a secret private. A list does not show that, but setting one makes it newer than it was created.
 * https://github.com/openstack/barbican/blob/master/barbican/common/policies/secrets.py
 * https://github.com/openstack/barbican/blob/master/barbican/model/repositories.py `create_or_replace_from`
 */
function isOpenToProject({ status, createdAt, updatedAt, contentTypes }: Secret): boolean {
  return status === 'ACTIVE' && updatedAt === createdAt && Object.keys(contentTypes).length > 0;
}
