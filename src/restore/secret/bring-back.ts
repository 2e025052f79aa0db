import { messageOf, OperationError } from '../../errors.ts';
import { type Opener, opener } from '../../keys/age.ts';
import type { SavedSecret, SecretPoint } from '../../manifest/schema.ts';
import { putAcl } from '../../openstack/keymanager/v1/acls.ts';
import { replaceSecretMetadata } from '../../openstack/keymanager/v1/metadata.ts';
import {
  createSecret,
  deleteSecret,
  listSecrets,
  readPayload,
  storePayload,
} from '../../openstack/keymanager/v1/secrets.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import type { Session } from '../../openstack/session.ts';
import { openPayload } from '../../store/open.ts';
import type { PayloadSource } from '../../store/payload.ts';

/** The user metadata of a secret that is not whole yet: the record of a temporary. */
export const TEMPORARY_METADATA = 'openstack-backup-temporary';

/**
 * The bytes of a saved key, checked against the manifest.
 *
 * @param identity age identities, for one that is sealed
 * @throws InputError where it is not in the store, or sealed to others
 */
export async function openKey(
  session: Session,
  source: PayloadSource,
  { payload, resource }: SecretPoint,
  identity: string | undefined,
): Promise<Buffer> {
  const sealed: Opener | undefined = payload.sealed
    ? await opener(identity, `key ${resource.id}`)
    : undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of openPayload(source, payload, sealed)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  session.secret(bytes);
  return bytes;
}

export interface SecretWishes {
  readonly name: string;
  /** ISO 8601; undefined: it does not expire. */
  readonly expires: string | undefined;
  /** The record that the secret carries until it is whole. */
  readonly record: string;
}

/**
 * Makes a secret with the saved attributes and bytes: first without a payload, since Barbican would strip one in JSON,
 * then the bytes as they are, read back and compared.
 *
 * @returns the id, always a new one
 * @throws OperationError; the secret is removed again then
 */
export async function restoreSecret(
  session: Session,
  saved: SavedSecret,
  bytes: Buffer,
  { name, expires, record }: SecretWishes,
): Promise<string> {
  const client = await session.service('key-manager');
  const secretId = await make(client, saved, name, expires);
  try {
    // Before the bytes: a secret that a dead run left is known by this, or is empty.
    await replaceSecretMetadata(client, secretId, { [TEMPORARY_METADATA]: record });
    await storePayload(client, secretId, bytes, saved.contentType ?? 'application/octet-stream');
    const back = await readPayload(client, secretId);
    if (!back.equals(bytes))
      throw new OperationError(
        `Barbican gives other bytes for secret ${secretId} than it was given`,
        'The secret is removed again. Tell the operator.',
      );
    if (saved.acl !== null) await putAcl(client, secretId, saved.acl);
    await replaceSecretMetadata(client, secretId, saved.metadata);
    return secretId;
  } catch (error) {
    await removeAgain(client, secretId);
    throw error;
  }
}

/** A request whose answer was lost may have made one without a payload: it is found by its name, and is newer than ours. */
function make(
  client: ServiceClient,
  saved: SavedSecret,
  name: string,
  expires: string | undefined,
): Promise<string> {
  const { clock, log, signal } = client.session;
  const started = clock.now() - 60_000;
  const create = () =>
    createSecret(client, {
      name: name === '' ? undefined : name,
      secretType: saved.secretType,
      algorithm: saved.algorithm ?? undefined,
      bitLength: saved.bitLength ?? undefined,
      mode: saved.mode ?? undefined,
      expiration: expires,
    });
  const find = async () => {
    if (name === '') return undefined;
    for await (const page of listSecrets(client, { name })) {
      const empty = page.find(
        ({ contentTypes, createdAt }) =>
          Object.keys(contentTypes).length === 0 && Date.parse(createdAt) >= started,
      );
      if (empty !== undefined) return empty.id;
    }
    return undefined;
  };
  return createOnce(create, find, { clock, log, signal });
}

/** How long cleaning up may take after a stop. */
const WIND_UP_MS = 5_000;

async function removeAgain(client: ServiceClient, secretId: string): Promise<void> {
  const { session } = client;
  session.windUp(WIND_UP_MS);
  await deleteSecret(client, secretId).catch((error: unknown) => {
    session.log.warn(`secret ${secretId}, which is not whole, cannot be removed: ${messageOf(error)}`);
  });
}
