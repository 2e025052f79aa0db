import { argon2, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** The hashes that LUKS headers name and node:crypto has, with the length of their digests. */
export const DIGEST_BYTES = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

/** One of {@link DIGEST_BYTES}. */
export type HashName = keyof typeof DIGEST_BYTES;

/** How a key is made of a passphrase. */
export type Kdf =
  | {
      readonly kind: 'pbkdf2';
      readonly hash: HashName;
      readonly iterations: number;
      readonly salt: Buffer;
    }
  | {
      readonly kind: 'argon2i' | 'argon2id';
      readonly passes: number;
      /** KiB. */
      readonly memory: number;
      readonly lanes: number;
      readonly salt: Buffer;
    };

const derivePbkdf2 = promisify(pbkdf2);
const deriveArgon2 = promisify(argon2);

/** A name such as `sha256`, if it is one that we have. */
export function hashName(name: string): HashName | undefined {
  return Object.hasOwn(DIGEST_BYTES, name) ? (name as HashName) : undefined;
}

/**
 * On the thread pool.
 *
 * @param length bytes
 */
export async function derive(kdf: Kdf, passphrase: Uint8Array, length: number): Promise<Buffer> {
  if (kdf.kind === 'pbkdf2') return derivePbkdf2(passphrase, kdf.salt, kdf.iterations, length, kdf.hash);
  const { kind, passes, memory, lanes: parallelism, salt: nonce } = kdf;
  return deriveArgon2(kind, { message: passphrase, nonce, parallelism, passes, memory, tagLength: length });
}

/** About what it takes: seconds of one core, KiB of memory. */
export function costOf(kdf: Kdf): { readonly seconds: number; readonly memory: number } {
  return kdf.kind === 'pbkdf2'
    ? { seconds: kdf.iterations / 2e6, memory: 0 }
    : { seconds: (kdf.passes * kdf.memory) / 2 ** 20, memory: kdf.memory };
}
