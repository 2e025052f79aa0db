import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { Log } from '../ports/log.ts';
import { judged } from './leftovers.ts';
import type { Purpose } from './tags.ts';
import { type Temporary, temporariesOf } from './things.ts';

/**
 * What later runs do with something that could not be removed now: `remove` it; `look` at it, then remove it or report
 * it; only `tell` of it, since it looks complete; or `nothing`, since it bears no record.
 */
export type Later = 'remove' | 'look' | 'tell' | 'nothing';

/** Reports something that could not be removed, and who has to remove it. */
export function tellOfStaying(log: Log, what: string, why: string, later: Later): void {
  log.warn(`${what} ${WORDS[later]}: ${why}`);
}

const WORDS: Readonly<Record<Later, string>> = {
  remove: 'cannot be removed now; a later run removes it',
  look: 'cannot be removed now; a later run removes it if it never became complete, and otherwise only reports it: check that it is gone',
  tell: 'cannot be removed now, and later runs only report it, since it looks complete: do not use it, but remove it yourself',
  nothing: 'cannot be removed, and no later run will know of it: remove it yourself',
};

/** For a thing that was seen. */
export function laterOf(thing: Temporary): Later {
  const { action } = judged(thing);
  if (action === 'delete') return 'remove';
  if (action === 'tell') return 'tell';
  return thing.record.purpose === 'scratch' && thing.original === 'proved' ? 'remove' : 'look';
}

export function laterOfVolume(volume: Volume): Later {
  const none = { images: [], secrets: [], servers: [], snapshots: [] };
  const [thing] = temporariesOf({ ...none, volumes: [volume] });
  return thing === undefined ? 'nothing' : laterOf(thing);
}

/** For a thing that bears a record and was not seen. */
export function laterOfUnseen(purpose: Purpose): Later {
  return purpose === 'scratch' ? 'remove' : 'look';
}
