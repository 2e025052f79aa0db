import { randomUUID } from 'node:crypto';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { SavedSecret, SecretPoint } from '../../manifest/schema.ts';
import { getAcl } from '../../openstack/keymanager/v1/acls.ts';
import { getSecretMetadata } from '../../openstack/keymanager/v1/metadata.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import { readPayload } from '../../openstack/keymanager/v1/secrets.ts';
import { refuseBareKey } from '../../payload/bare-key.ts';
import type { PayloadStore } from '../../payload/store.ts';

/** A key that was saved, and its bytes, to be tried on the data that it belongs to. */
export interface SavedKey {
  readonly point: SecretPoint;
  readonly bytes: Buffer;
}

/**
 * Does the work that a saved key is for. A key without its data is of no use, and is in no manifest: if
 * the work fails, the key is removed.
 */
export async function withKey<T>(
  key: SavedKey | undefined,
  payloads: PayloadStore | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (key !== undefined) await payloads?.remove(key.point.payload);
    throw error;
  }
}

/**
 * Saves a secret with all that Barbican records about it. Its bytes are sealed before they leave the process.
 *
 * @param usedBy whose key it is
 * @param plaintext a person asked by name for a file in clear
 * @throws InputError without recipients
 * @throws OperationError if it cannot be read, or has no payload
 */
export async function saveSecret(
  secretId: string,
  usedBy: SavedSecret['usedBy'],
  { session, clock, signal }: Pick<Environment, 'session' | 'clock' | 'signal'>,
  payloads: PayloadStore,
  plaintext = false,
): Promise<SavedKey> {
  if (!plaintext) refuseBareKey(payloads, `key ${secretId}`);
  const started = clock.now();
  const client = await session.service('key-manager');
  const secret = await readableKey(session, secretId, `secret ${secretId}`);
  const [acl, metadata, bytes] = await Promise.all([
    getAcl(client, secretId),
    getSecretMetadata(client, secretId),
    readPayload(client, secretId),
  ]);
  if (bytes.length === 0)
    throw new OperationError(`secret ${secretId} is empty`, 'There is nothing to save.');
  const id = randomUUID();
  const payload = await payloads.putKey(id, bytes, signal);
  const point: SecretPoint = {
    id,
    resource: {
      kind: 'secret',
      id: secretId,
      name: secret.name ?? '',
      secretType: secret.secretType,
      algorithm: secret.algorithm ?? null,
      bitLength: secret.bitLength ?? null,
      mode: secret.mode ?? null,
      contentType: secret.contentTypes['default'] ?? null,
      expires: secret.expiration ?? null,
      created: secret.createdAt,
      creator: secret.creatorId ?? null,
      acl: acl === undefined ? null : { projectAccess: acl.projectAccess, users: [...acl.users] },
      metadata,
      usedBy,
    },
    method: payload.sealed ? 'sealed' : 'plaintext',
    payload,
    seconds: (clock.now() - started) / 1000,
  };
  return { point, bytes };
}
