import type { Environment } from '../../environment.ts';
import { InputError } from '../../errors.ts';
import type { SavedServer } from '../../manifest/schema.ts';
import { importKeyPair, type KeyPair, listKeyPairs } from '../../openstack/compute/v2/keypairs.ts';
import { createOnce } from '../../openstack/retry.ts';
import { undo } from '../../temporaries/undo.ts';
import { forShell, quoted } from '../../text/escape.ts';
import type { Mapping } from './mapping.ts';

export interface KeyPairPlan {
  /** The name of the key pair to make the server with. */
  readonly name: string | undefined;
  /** The key pair to make first, from the recorded public key. */
  readonly toImport: KeyPair | undefined;
  readonly missing: readonly string[];
}

const NONE: KeyPairPlan = { name: undefined, toImport: undefined, missing: [] };

/**
 * A guest takes a restored disk for a new server and lets the key in: so only the recorded key is used, unless
 * `map` names another.
 *
 * @throws InputError if `map` names one that does not exist
 */
export function planKeyPair(
  saved: SavedServer['keyPair'],
  pairs: readonly KeyPair[],
  mapping: Mapping,
): KeyPairPlan {
  if (saved === null) return NONE;
  const { name, publicKey, type } = saved;
  const wish = mapping.of('key-pair', name);
  const found = pairs.find((pair) => pair.name === (wish ?? name));
  if (wish !== undefined) {
    if (found !== undefined) return { ...NONE, name: wish };
    throw new InputError(
      `there is no key pair ${quoted(wish)}`,
      `The user has: ${pairs.map((pair) => pair.name).join(', ') || 'none'}.`,
    );
  }
  const without = (why: string): KeyPairPlan => ({ ...NONE, missing: [`key pair ${quoted(name)}: ${why}`] });
  if (publicKey === null) return without('its public key is not known');
  if (found === undefined) return { ...NONE, name, toImport: { name, publicKey, type: type ?? undefined } };
  return sameKey(found.publicKey, publicKey)
    ? { ...NONE, name }
    : without('the user has another key of that name; if that is the right one, name it with `map`');
}

/** `found`: the answer was lost, and one like it was there afterwards, which may as well be the user's. */
export type Imported = 'made' | 'found';

/** Makes the key pair, once, even if the answer is lost. */
export async function makeKeyPair(
  { session, clock, log, signal }: Environment,
  wanted: KeyPair,
): Promise<Imported> {
  const nova = await session.service('compute');
  const create = async (): Promise<Imported> => {
    await importKeyPair(nova, wanted);
    return 'made';
  };
  const find = async (): Promise<Imported | undefined> => {
    const pairs = await listKeyPairs(nova);
    const isThere = pairs.some(
      ({ name, publicKey }) => name === wanted.name && sameKey(publicKey, wanted.publicKey),
    );
    return isThere ? 'found' : undefined;
  };
  return createOnce(create, find, { clock, log, signal });
}

/**
 * Removes the key pair of a server that failed. A key pair has no room for a record: one that may belong to somebody
 * else stays, and one that the cloud refuses to remove is left to the user.
 */
export async function removeKeyPair(
  { session, log }: Environment,
  name: string,
  imported: Imported,
): Promise<void> {
  if (imported === 'found') {
    log.warn(
      `key pair ${quoted(name)} appeared after a request whose answer was lost, and may be the user's own: it is kept. If nobody needs it, remove it with: openstack keypair delete ${forShell(name)}`,
    );
    return;
  }
  const what = `key pair ${quoted(name)}, made for the restore`;
  await undo(session, [{ kind: 'key pair', id: name, what, later: 'nothing' }]);
}

/** Without the comment. */
function sameKey(a: string, b: string): boolean {
  const key = (text: string) => text.trim().split(/\s+/).slice(0, 2).join(' ');
  return key(a) === key(b);
}
