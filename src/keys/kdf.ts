import { argon2, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** The hashes that LUKS headers name and node:crypto has, with the length of their digests. */
export const DIGEST_BYTES = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

/** One of {@link DIGEST_BYTES}. */
export type HashName = keyof typeof DIGEST_BYTES;

/** How to derive a key from a passphrase. */
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

/** A name such as `sha256`, if we support it. */
export function hashName(name: string): HashName | undefined {
  return Object.hasOwn(DIGEST_BYTES, name) ? (name as HashName) : undefined;
}

/**
 * Derives a key on the thread pool.
 *
 * @param length bytes
 */
export async function derive(kdf: Kdf, passphrase: Uint8Array, length: number): Promise<Buffer> {
  if (kdf.kind === 'pbkdf2') return derivePbkdf2(passphrase, kdf.salt, kdf.iterations, length, kdf.hash);
  const { kind, passes, memory, lanes: parallelism, salt: nonce } = kdf;
  return deriveArgon2(kind, { message: passphrase, nonce, parallelism, passes, memory, tagLength: length });
}

/** Seconds on one core for one iteration and one digest. Measured with OpenSSL 3.5 on an EPYC of 2021. */
const PBKDF2_SECONDS: Readonly<Record<HashName, number>> = {
  sha1: 0.2e-6,
  sha224: 0.3e-6,
  sha256: 0.3e-6,
  sha384: 0.6e-6,
  sha512: 0.6e-6,
};
/** Seconds for one KiB in one pass. */
const ARGON2_SECONDS = 1.2e-6;
/** With several lanes, OpenSSL starts a thread in every lane for each of a pass' four slices. */
const THREAD_SECONDS = 45e-6;
const SLICES = 4;

/**
 * The approximate cost: seconds of one core, KiB of memory.
 *
 * @param length of the derived key; PBKDF2 starts over for every digest of it
 */
export function costOf(kdf: Kdf, length: number): { readonly seconds: number; readonly memory: number } {
  if (kdf.kind === 'pbkdf2') {
    const digests = Math.ceil(length / DIGEST_BYTES[kdf.hash]);
    return { seconds: kdf.iterations * digests * PBKDF2_SECONDS[kdf.hash], memory: 0 };
  }
  const { passes, memory, lanes } = kdf;
  const threads = lanes > 1 ? lanes * SLICES : 0;
  return { seconds: passes * (memory * ARGON2_SECONDS + threads * THREAD_SECONDS), memory };
}
