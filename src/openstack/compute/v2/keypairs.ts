import { field, type Json, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { nothing } from '../../service.ts';

// https://docs.openstack.org/api-ref/compute/#keypairs-keypairs

/** A key pair belongs to a user, not to the project; only its public half can be read. */
export interface KeyPair {
  readonly name: string;
  readonly publicKey: string;
  /** `ssh` or `x509`, from 2.2. */
  readonly type: string | undefined;
}

/** @throws CloudError 404 if the user has none of that name, even if another user of the project has */
export function getKeyPair(client: ServiceClient, name: string): Promise<KeyPair> {
  return client.call({
    doing: `read key pair ${name}`,
    method: 'GET',
    path: `/os-keypairs/${encodeURIComponent(name)}`,
    ok: [200],
    decode: (answer) => decodeKeyPair(field(answer, 'keypair')),
  });
}

/** The user's key pairs. */
export function listKeyPairs(client: ServiceClient): Promise<KeyPair[]> {
  return client.call({
    doing: 'list the key pairs',
    method: 'GET',
    path: '/os-keypairs',
    ok: [200],
    decode: (answer) =>
      itemsOf(client, answer, 'keypairs', 'key pair', (item) => decodeKeyPair(field(item, 'keypair'))).items,
  });
}

/** Imports a public key; Nova never sees the private one. */
export function importKeyPair(client: ServiceClient, pair: KeyPair): Promise<void> {
  return client.call({
    doing: `import key pair ${pair.name}`,
    method: 'POST',
    path: '/os-keypairs',
    json: {
      keypair: {
        name: pair.name,
        public_key: pair.publicKey,
        type: client.supports('2.2') ? pair.type : undefined,
      },
    },
    ok: [200, 201],
    decode: nothing,
  });
}

export function deleteKeyPair(client: ServiceClient, name: string): Promise<void> {
  return client.call({
    doing: `delete key pair ${name}`,
    method: 'DELETE',
    path: `/os-keypairs/${encodeURIComponent(name)}`,
    ok: [202, 204, 404],
    decode: nothing,
  });
}

function decodeKeyPair(pair: Json): KeyPair {
  return {
    name: text(pair, 'name'),
    publicKey: text(pair, 'public_key'),
    type: optionalText(pair, 'type'),
  };
}
