import type { Doubt } from '../errors.ts';
import type { Here } from '../ports/github.ts';
import type { Place } from '../store/place.ts';
import { isDirectory, type PlaceName } from '../store/place-name.ts';
import { counted } from '../text/words.ts';

/**
 * Why the manifest would expire before the backups, which never do by themselves; undefined if one of the places keeps
 * it.
 *
 * @param days as the input gives them, 0 for the repository's setting
 * @param here undefined in a terminal, whose directories stay
 * @param stores that are among the places
 */
export function expiryDoubt(
  places: readonly PlaceName[],
  days: number,
  here: Here | undefined,
  stores: readonly Pick<Place, 'name'>[] = [],
): Doubt | undefined {
  if (here === undefined || places.some(({ kind }) => kind === 'release')) return undefined;
  if (stores.some(({ name }) => !isDirectory(name))) return undefined;
  if (!here.vanishes && places.some(({ kind }) => kind === 'directory' || kind === 'store')) return undefined;
  const hint =
    'Add release or a store that lasts to `publish`, or copy the manifest to a place that lasts; without a manifest, `restore-volume` needs the id of the backup.';
  if (!places.some(({ kind }) => kind === 'artifact'))
    return {
      what: 'the manifest goes only to a directory of this runner, which is gone when the job ends, but the backups stay',
      hint,
    };
  return {
    what: `the artifact with the manifest expires ${expiry(days, here)}, but the backups do not`,
    hint,
  };
}

function expiry(days: number, { retentionDays }: Here): string {
  const kept = days === 0 ? retentionDays : Math.min(days, retentionDays ?? days);
  if (kept === undefined) return 'as set in the repository (after 90 days by default)';
  return `after ${counted(kept, 'day')}`;
}
