import { isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import {
  type Json,
  moment,
  optionalInteger,
  optionalMoment,
  optionalText,
  strings,
  text,
} from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import { itemsOf } from '../../items.ts';
import { stuck } from '../../pages.ts';
import { nothing } from '../../service.ts';

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
  /** In whole seconds, like the above; later if an access list was set since. */
  readonly updatedAt: string | undefined;
  readonly creatorId: string | undefined;
  /** Of the payload, by `default`; empty if there is no payload. */
  readonly contentTypes: Readonly<Record<string, string>>;
}

export interface ListedSecret extends Secret {
  readonly id: string;
}

export interface CreateSecret {
  readonly name?: string | undefined;
  readonly secretType: string;
  readonly algorithm?: string | undefined;
  /** Bits. */
  readonly bitLength?: number | undefined;
  readonly mode?: string | undefined;
  /** ISO 8601. */
  readonly expiration?: string | undefined;
}

/** Below the catalogue's endpoint; the host in a `secret_ref` is never used. */
export const secretUrl = (secretId: string) => `/secrets/${encodeURIComponent(secretId)}`;

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

/** Barbican's largest page, unless the operator set a smaller one. */
const PAGE = 100;

/** The secrets that the user may see, newest first, a page at a time, by offset. Barbican leaves out expired ones. */
export async function* listSecrets(
  client: ServiceClient,
  filter: { readonly name?: string | undefined } = {},
): AsyncGenerator<ListedSecret[]> {
  const known = new Set<string>();
  const shared = new Map<string, Shared>();
  for (let offset = 0; ; ) {
    const page = await client.call({
      doing: 'list the secrets',
      method: 'GET',
      path: '/secrets',
      query: { name: filter.name, limit: PAGE, offset, sort: 'created:desc' },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'secrets', 'secret', (secret) => ({
          id: idOf(secret),
          ...withShared(decodeSecret(secret), shared),
        })),
        more: optionalText(answer, 'next') !== undefined,
      }),
    });
    // A secret that is made meanwhile shifts the others by one.
    const added = page.items.filter(({ id }) => !known.has(id));
    yield added;
    const count = page.items.length + page.odd;
    if (!page.more || count === 0) return;
    if (added.length === 0 && page.odd === 0) throw stuck('secrets');
    for (const { id } of added) known.add(id);
    offset += count;
  }
}

type Shared = Pick<
  Secret,
  'status' | 'secretType' | 'algorithm' | 'bitLength' | 'mode' | 'creatorId' | 'contentTypes'
>;

/** Keeps what keys have in common only once: each backup has its own key, and the keys of a project are alike. */
function withShared(secret: Secret, shared: Map<string, Shared>): Secret {
  const { status, secretType, algorithm, bitLength, mode, creatorId, contentTypes } = secret;
  const common: Shared = { status, secretType, algorithm, bitLength, mode, creatorId, contentTypes };
  const text = JSON.stringify(common);
  const known = shared.get(text) ?? common;
  shared.set(text, known);
  const { createdAt, updatedAt } = secret;
  return { ...secret, ...known, updatedAt: updatedAt === createdAt ? createdAt : updatedAt };
}

/** Larger than any secret that Barbican takes (20,000 bytes by default). */
export const LONGEST_PAYLOAD = 1024 * 1024;

/**
 * The payload as it was stored, byte for byte, even of a text: Barbican gives every type as an octet stream.
 * https://github.com/openstack/barbican/blob/master/barbican/plugin/util/translations.py
 *
 * The sinks learn it first, so that they can hide it.
 */
export async function readPayload(client: ServiceClient, secretId: string): Promise<Buffer> {
  const payload = await payloadOf(client, secretId);
  tell(client, payload);
  return payload;
}

function payloadOf(client: ServiceClient, secretId: string): Promise<Buffer> {
  return client.bytes(
    {
      doing: `read key ${secretId}`,
      method: 'GET',
      path: `${secretUrl(secretId)}/payload`,
      headers: { accept: 'application/octet-stream' },
      ok: [200],
    },
    LONGEST_PAYLOAD,
  );
}

/**
 * Proves that the user may read a key, as Cinder does with the user's own token, and drops the bytes. They go nowhere,
 * so the sinks need not learn them.
 *
 * @returns the number of bytes
 */
export async function probePayload(client: ServiceClient, secretId: string): Promise<number> {
  const payload = await payloadOf(client, secretId);
  payload.fill(0);
  return payload.length;
}

/**
 * A secret without its payload, which {@link storePayload} adds. In one request, Barbican would take the bytes
 * as text in JSON, and strip it.
 *
 * @returns the id
 */
export function createSecret(client: ServiceClient, secret: CreateSecret): Promise<string> {
  return client.call({
    doing: 'create a secret',
    method: 'POST',
    path: '/secrets',
    json: {
      name: secret.name,
      secret_type: secret.secretType,
      algorithm: secret.algorithm,
      bit_length: secret.bitLength,
      mode: secret.mode,
      expiration: secret.expiration,
    },
    ok: [201],
    decode: idOf,
  });
}

/**
 * Gives a secret its payload. Barbican takes one only once; if a lost answer left one there, it must be
 * the same.
 *
 * @param contentType `application/octet-stream` or `text/plain`: others are refused (415), also those of older secrets
 * @throws CloudError 409 when it has another one, 413 when it is too long
 */
export async function storePayload(
  client: ServiceClient,
  secretId: string,
  payload: Uint8Array,
  contentType: string,
): Promise<void> {
  tell(client, payload);
  try {
    await client.call({
      doing: `store key ${secretId}`,
      method: 'PUT',
      path: secretUrl(secretId),
      headers: { 'content-type': contentType },
      body: payload,
      ok: [204],
      decode: nothing,
    });
  } catch (error) {
    if (!hasStatus(error, 409) || !samePayload(await readPayload(client, secretId), payload)) throw error;
  }
}

/** Takes the same time wherever they differ. */
export function samePayload(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Text turns up as it is, bytes in some encoding. */
function tell({ session }: ServiceClient, payload: Uint8Array): void {
  session.secret(payload);
  if (isUtf8(payload)) session.secret(Buffer.from(payload).toString('utf8'));
}

/** Succeeds if it is already gone. Barbican does not know who uses a key: volumes and images are unreadable without. */
export function deleteSecret(client: ServiceClient, secretId: string): Promise<void> {
  return client.call({
    doing: `delete secret ${secretId}`,
    method: 'DELETE',
    path: secretUrl(secretId),
    ok: [204, 404],
    decode: nothing,
  });
}

/** The id at the end of a `secret_ref`, a URL with the operator's host. */
function idOf(secret: Json): string {
  const [, id] =
    /\/secrets\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text(secret, 'secret_ref')) ?? [];
  if (id === undefined) throw new TypeError('secret_ref is not the URL of a secret');
  return id;
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
    updatedAt: optionalMoment(secret, 'updated'),
    creatorId: optionalText(secret, 'creator_id'),
    contentTypes: strings(secret, 'content_types'),
  };
}
