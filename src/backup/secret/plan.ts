import { PlainError } from '../../errors.ts';
import type { Session } from '../../openstack/connection.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { pool } from '../../pool.ts';
import type { Wishes } from '../kind.ts';
import type { KeyWishes, WantedKey } from './choose.ts';

export interface SecretBackupWishes extends Wishes, KeyWishes {
  readonly payloads: PayloadStore;
  /** A person asked by name for files in clear. */
  readonly plaintext: boolean;
}

export interface PlannedKeys {
  readonly keys: readonly WantedKey[];
  /** Those that cannot be read. */
  readonly refused: readonly { readonly key: WantedKey; readonly error: PlainError }[];
}

/** Looks which keys can be read. Changes nothing. */
export async function planKeys(session: Session, wanted: readonly WantedKey[]): Promise<PlannedKeys> {
  const looked = await pool(wanted, 4, async (key) => {
    try {
      await readableKey(session, key.id, `secret ${key.id}`);
      return { key };
    } catch (error) {
      if (error instanceof PlainError) return { key, error };
      throw error;
    }
  });
  return {
    keys: looked.flatMap(({ key, error }) => (error === undefined ? [key] : [])),
    refused: looked.flatMap(({ key, error }) => (error === undefined ? [] : [{ key, error }])),
  };
}
