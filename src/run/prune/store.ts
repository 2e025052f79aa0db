import type { Found } from '../../catalog/everything.ts';
import { damagedObjects, type Verified, verifiedIn } from '../../catalog/verified.ts';
import type { Shelf } from '../../catalog/whole.ts';
import { PlainError, withHint } from '../../errors.ts';
import type { BlocksPayload, RestorePoint } from '../../manifest/schema.ts';
import { type Amount, freedBy, sumOf } from '../../payload/blocks/clean.ts';
import { partOf } from '../../payload/blocks/names.ts';
import {
  lookIntoStore,
  type ManifestFacts,
  NOT_THERE,
  type StoreLook,
} from '../../payload/blocks/store-look.ts';
import { sweepStore } from '../../payload/blocks/sweep.ts';
import { removalOf } from '../../payload/removal.ts';
import type { PrunePlan } from '../../prune/plan.ts';
import type { Place } from '../../store/place.ts';
import { bytes } from '../../text/bytes.ts';
import { counted } from '../../text/words.ts';
import type { Context } from '../context.ts';

/** What a store holds, to prune it. */
export interface PruneStore {
  readonly place: Place;
  readonly facts: ManifestFacts;
  readonly look: StoreLook;
}

/** Looks at all of a store. If it cannot be listed, what points to it stays, and its shelf says why. */
export async function lookToPrune(
  { host }: Context,
  place: Place,
  found: readonly Found[],
  now: number,
): Promise<{ readonly stored: PruneStore | undefined; readonly shelf: Shelf }> {
  const facts = factsOf(found, place.name, verifiedIn(found, now));
  try {
    const look = await lookIntoStore(place, facts, { now, signal: host.signal });
    const { sizes, modified, lacking, tainted } = look;
    const shelf = { place: place.name, sizes, modified, lacking, tainted, unknown: '' };
    return { stored: { place, facts, look }, shelf };
  } catch (error) {
    if (!(error instanceof PlainError) || host.signal.aborted) throw error;
    return { stored: undefined, shelf: { place: place.name, sizes: undefined, unknown: error.message } };
  }
}

/** What manifests say, of any cloud and project. */
export function factsOf(
  found: readonly Pick<Found, 'manifest'>[],
  place: string,
  verified: ReadonlyMap<string, Verified> = new Map(),
): ManifestFacts {
  const pruned = new Set(found.flatMap(({ manifest }) => (manifest.pruned ?? []).map(({ point }) => point)));
  const points = found.flatMap(({ manifest }) => manifest.restorePoints);
  const saved = points.flatMap((point) => {
    const payload = blocksOf(point);
    return payload === undefined ? [] : [{ id: point.id, payload }];
  });
  return {
    damaged: damagedObjects(verified),
    stored: new Map(saved.map(({ payload: { name, stored } }) => [name, stored])),
    needed: new Set(
      saved.flatMap(({ id, payload }) =>
        pruned.has(id) || (payload.place ?? place) !== place ? [] : [payload.name],
      ),
    ),
  };
}

function blocksOf(point: RestorePoint): BlocksPayload | undefined {
  const payload = 'payload' in point ? point.payload : null;
  return payload?.layout === 'blocks' ? payload : undefined;
}

/** What a run frees, and what it lets another one free when the wait is over. */
export interface Freeing {
  readonly now: Amount;
  readonly later: Amount;
}

export function freeingOf({ look }: PruneStore, { deletions }: PrunePlan): Freeing {
  const going = new Set(
    deletions.flatMap(({ things }) =>
      things.flatMap(({ data }) => (data.kind === 'payload' ? [data.name] : [])),
    ),
  );
  return {
    now: sumOf(
      look.folders.flatMap(({ cleaning: { objects, expired } }) =>
        [...objects, ...expired].map(({ size }) => ({ objects: 1, bytes: size })),
      ),
    ),
    later: sumOf(
      look.folders.map(({ maps, spans }) =>
        freedBy(
          spans,
          maps.map(({ name }) => going.has(name)),
        ),
      ),
    ),
  };
}

/** "in s3://…, 12 objects (150 MiB) that nothing needs are removed, 30 objects (480 MiB) in 48 hours"; empty for nothing. */
export function toldFreeing(place: string, { now, later }: Freeing): string {
  const told = ({ objects, bytes: size }: Amount) => `${counted(objects, 'object')} (${bytes(size)})`;
  const parts = [
    ...(now.objects > 0 ? [`${told(now)} that nothing needs`] : []),
    ...(later.objects > 0 ? [`${told(later)} more by a run after 48 hours`] : []),
  ];
  return parts.length === 0 ? '' : `to be removed from ${place}: ${parts.join(', ')}\n`;
}

/**
 * Tells what stays because of a doubt.
 *
 * @param endpoint of the store, if it is in S3 and not at AWS
 */
export function warnOfStore(
  { host }: Context,
  { place, look }: Pick<PruneStore, 'place' | 'look'>,
  endpoint: string | undefined,
): void {
  for (const { folder, cleaning } of look.folders)
    if (cleaning.held !== undefined) {
      const { listed, doubt } = cleaning.held;
      const isMap = partOf(listed.name)?.part === 'maps';
      const otherwise = !isMap
        ? 'it keeps the rest for 48 hours, and no longer'
        : doubt === NOT_THERE
          ? 'delete the manifest that names it'
          : `delete the manifest that names it, and then: ${removalOf(place.name, listed.name, endpoint)}`;
      host.log.warn(
        `nothing of ${folder} in ${place.name} is cleaned up: ${listed.name} ${doubt}. Put it back from another copy of the store; if there is none, ${otherwise}`,
      );
    }
}

/** Removes what nothing needs. What fails is for the next run. */
export async function sweepPruned({ host }: Context, { place, facts, look }: PruneStore, now: number) {
  const failures: { kind: string; id: string; error: string }[] = [];
  const failed = (name: string, why: string) => {
    host.log.error(`${name} in ${place.name} was not removed: ${why}. The next run tries again`);
    failures.push({ kind: 'object', id: name, error: host.secrets.redact(why) });
  };
  let freed = sumOf([]);
  try {
    freed = await sweepStore(place, look, { facts, now, signal: host.signal, failed });
  } catch (error) {
    if (host.signal.aborted || !(error instanceof PlainError)) throw error;
    failed(place.name, withHint(error));
  }
  if (freed.objects > 0)
    host.log.info(
      `removed from ${place.name}: ${counted(freed.objects, 'object')} (${bytes(freed.bytes)}) that nothing needed`,
    );
  return { freed, failures };
}
