import {
  getVolumeEncryption,
  type Volume,
  type VolumeEncryption,
} from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { ListedSecret, Secret } from '../../openstack/keymanager/v1/secrets.ts';

/** How volumes are encrypted and with which keys; what is known already is not asked for again. */
export class VolumeKeys {
  readonly #client: ServiceClient;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #ofType = new Map<string, Promise<VolumeEncryption>>();

  /** @param listed secrets of the project, as far as they may be listed */
  constructor(client: ServiceClient, listed: readonly ListedSecret[] = []) {
    this.#client = client;
    this.#secrets = new Map(listed.map((secret) => [secret.id, secret]));
  }

  /**
   * All but the key's id Cinder takes from the volume's type: one request for each type, where lists tell the ids (3.64).
   * https://github.com/openstack/cinder/blob/master/cinder/db/api.py `volume_encryption_metadata_get`
   */
  async encryptionOf({ id, volumeTypeId, encryptionKeyId }: Volume): Promise<VolumeEncryption> {
    if (encryptionKeyId === undefined || volumeTypeId === undefined)
      return getVolumeEncryption(this.#client, id);
    let asked = this.#ofType.get(volumeTypeId);
    if (asked === undefined) {
      asked = getVolumeEncryption(this.#client, id);
      this.#ofType.set(volumeTypeId, asked);
      // One that fails says nothing of the type's other volumes.
      asked.catch(() => this.#ofType.delete(volumeTypeId));
    }
    return { ...(await asked), keyId: encryptionKeyId };
  }

  /** The key's attributes; its bytes are read, with the user's rights, and let go of. */
  readable(keyId: string, owner: string): Promise<Secret> {
    return readableKey(this.#client.session, keyId, owner, this.#secrets.get(keyId));
  }
}
