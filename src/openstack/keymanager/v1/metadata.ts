import { strings } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { secretUrl } from './secrets.ts';

// https://docs.openstack.org/barbican/latest/api/reference/secret_metadata.html

/** The metadata that users set on a secret. */
export function getSecretMetadata(client: ServiceClient, secretId: string): Promise<Record<string, string>> {
  return client.call({
    doing: `read the metadata of key ${secretId}`,
    method: 'GET',
    path: `${secretUrl(secretId)}/metadata`,
    ok: [200],
    decode: (answer) => strings(answer, 'metadata'),
  });
}

/** Replaces all metadata, even of a secret without a payload. Keys must be URL-safe (400), and become lower-case. */
export function replaceSecretMetadata(
  client: ServiceClient,
  secretId: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  return client.call({
    doing: `set the metadata of key ${secretId}`,
    method: 'PUT',
    path: `${secretUrl(secretId)}/metadata`,
    json: { metadata },
    ok: [201],
    decode: nothing,
  });
}
