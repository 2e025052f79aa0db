import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { InputError } from '../errors.ts';

/**
 * An ed25519 key for signing.
 *
 * @param pem PKCS#8, as `openssl genpkey -algorithm ed25519` writes it
 * @throws InputError that does not show the key
 */
export function signingKey(pem: string): KeyObject {
  return ed25519('sign-key', 'Make one with: openssl genpkey -algorithm ed25519 -out sign.pem', () =>
    createPrivateKey(pem),
  );
}

/** @param pem the public half, as `openssl pkey -in sign.pem -pubout` writes it */
export function verifyingKey(pem: string): KeyObject {
  return ed25519('verify-key', 'Get it with: openssl pkey -in sign.pem -pubout', () => {
    if (pem.includes('PRIVATE KEY')) throw new TypeError('a private key');
    return createPublicKey(pem);
  });
}

function ed25519(input: string, hint: string, read: () => KeyObject): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read();
  } catch {
    key = undefined;
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new InputError(`\`${input}\` is not an ed25519 key in PEM`, hint);
  return key;
}

/** Base64 of the ed25519 signature of the file's bytes: `openssl pkeyutl -verify -rawin` checks it without us. */
export function signature(bytes: Uint8Array, key: KeyObject): string {
  return sign(null, bytes, key).toString('base64');
}

export function signatureHolds(bytes: Uint8Array, base64: string, key: KeyObject): boolean {
  const given = Buffer.from(base64, 'base64');
  return given.length === 64 && verify(null, bytes, key, given);
}
