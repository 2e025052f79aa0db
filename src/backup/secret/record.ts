import type { Key, SecretPoint } from '../../manifest/schema.ts';

/** A saved key, as what it encrypts refers to it. */
export function savedKey({ id, resource }: SecretPoint, worth: Key['worth']): Key {
  return {
    id: resource.id,
    worth,
    secretType: resource.secretType,
    algorithm: resource.algorithm,
    bitLength: resource.bitLength,
    mode: resource.mode,
    expires: resource.expires,
    point: id,
  };
}
