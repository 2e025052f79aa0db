import {
  type Json,
  moment,
  optionalInteger,
  optionalMoment,
  optionalText,
  strings,
  text,
} from '../../decode.ts';
import type { ServiceClient } from '../../service.ts';

// https://docs.openstack.org/barbican/latest/api/reference/secrets.html

export interface Secret {
  readonly name: string | undefined;
  readonly status: string;
  readonly secretType: string;
  readonly algorithm: string | undefined;
  /** Bits. */
  readonly bitLength: number | undefined;
  readonly mode: string | undefined;
  readonly expiration: string | undefined;
  readonly createdAt: string;
  readonly creatorId: string | undefined;
  readonly contentTypes: Readonly<Record<string, string>>;
}

/** By id under the catalogue's endpoint: the host in a `secret_ref` is never followed. */
const secretUrl = (secretId: string) => `/secrets/${encodeURIComponent(secretId)}`;

/** The attributes, without the payload. */
export function getSecret(client: ServiceClient, secretId: string): Promise<Secret> {
  return client.call({
    doing: `read the attributes of key ${secretId}`,
    method: 'GET',
    path: secretUrl(secretId),
    ok: [200],
    decode: decodeSecret,
  });
}

/** Larger than any secret that Barbican takes (20,000 bytes by default). */
const LONGEST_PAYLOAD = 1024 * 1024;

/**
 * Proves that the user may read a key, which Cinder does with the user's own token, and lets go of the bytes.
 *
 * @returns the number of bytes
 */
export async function probePayload(client: ServiceClient, secretId: string): Promise<number> {
  const payload = await client.bytes(
    {
      doing: `read key ${secretId}`,
      method: 'GET',
      path: `${secretUrl(secretId)}/payload`,
      headers: { accept: 'application/octet-stream' },
      ok: [200],
    },
    LONGEST_PAYLOAD,
  );
  payload.fill(0);
  return payload.length;
}

function decodeSecret(secret: Json): Secret {
  return {
    name: optionalText(secret, 'name'),
    status: text(secret, 'status'),
    secretType: text(secret, 'secret_type'),
    algorithm: optionalText(secret, 'algorithm'),
    bitLength: optionalInteger(secret, 'bit_length'),
    mode: optionalText(secret, 'mode'),
    expiration: optionalMoment(secret, 'expiration'),
    createdAt: moment(secret, 'created'),
    creatorId: optionalText(secret, 'creator_id'),
    contentTypes: strings(secret, 'content_types'),
  };
}
