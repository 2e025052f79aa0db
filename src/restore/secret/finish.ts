import type { Environment } from '../../environment.ts';
import { replaceSecretMetadata } from '../../openstack/keymanager/v1/metadata.ts';
import type { SecretRequest } from './request.ts';

/** Takes the record off a secret that has its payload: from now on it belongs to the user. */
export async function finishSecret(
  { session, ledger }: Environment,
  id: string,
  { metadata }: Pick<SecretRequest, 'metadata'>,
): Promise<void> {
  await ledger.release(id);
  await replaceSecretMetadata(await session.service('key-manager'), id, metadata);
}
