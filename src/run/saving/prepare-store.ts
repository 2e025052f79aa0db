import { join } from 'node:path';
import { allManifests, type EverythingOptions, named } from '../../catalog/everything.ts';
import { messageOf } from '../../errors.ts';
import { removalOf } from '../../payload/removal.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { PlaceName } from '../../store/place-name.ts';
import { forShell } from '../../text/escape.ts';
import { counted } from '../../text/words.ts';
import type { Context } from '../context.ts';
import type { StoreGiven } from '../places/storing.ts';
import { placesOf } from '../reading/manifest-places.ts';
import { readingOf } from '../reading/reading.ts';

/**
 * Prepares a store, and reports complete payloads that interrupted runs left there: only a person may remove them. Says
 * nothing about those that a manifest names.
 *
 * Manifests are read where this run publishes, and in the store itself.
 *
 * @throws InputError if the store is not writable
 */
export async function prepareStore(
  context: Context,
  payloads: PayloadStore,
  given: StoreGiven & { readonly publish: readonly string[] },
): Promise<void> {
  const left = await payloads.prepare();
  if (left.length === 0) return;
  const { host } = context;
  // Only a directory tells of payloads that were left.
  const itself = { kind: 'store', name: `directory:${payloads.place}` } as const;
  const places = [
    ...placesOf(given.publish, host.github !== undefined).map((one) => (one.kind === 'store' ? itself : one)),
    { kind: 'directory', path: payloads.place } as const,
    itself,
  ];
  const { names, doubts } = await payloadsNamed(context, given, places);
  for (const name of left)
    if (names.has(name)) await payloads.keep({ name });
    else host.log.warn(toldPayload(payloads.place, name, places, doubts));
}

/** The payloads that the manifests of these places name, and which places could not be read. */
async function payloadsNamed(
  context: Context,
  given: StoreGiven,
  places: readonly PlaceName[],
): Promise<{ readonly names: ReadonlySet<string>; readonly doubts: readonly string[] }> {
  const doubts = new Set<string>();
  const options: EverythingOptions = {
    ...(await readingOf(context, { ...given, ...NO_KEYS })),
    warn: (line) => void doubts.add(line),
  };
  const names = new Set<string>();
  for (const place of places)
    try {
      const { found, unread } = await allManifests([place], options);
      for (const { reference, doubt } of unread) doubts.add(named(reference, doubt.what));
      for (const { manifest } of found)
        for (const point of manifest.restorePoints)
          if ('payload' in point && point.payload !== null) names.add(point.payload.name);
    } catch (error) {
      // The names are only for a message, so an unreadable place does not fail the run.
      if (context.host.signal.aborted) throw error;
      doubts.add(messageOf(error));
    }
  return { names, doubts: [...doubts] };
}

/** A run that saves need not be able to open sealed manifests. */
const NO_KEYS = {
  workflow: undefined,
  branch: undefined,
  identity: undefined,
  'verify-key': undefined,
};

/** Claims no more than was checked: manifests of other projects and workflows were not read. */
export function toldPayload(
  place: string,
  name: string,
  asked: readonly PlaceName[],
  [doubt, ...more]: readonly string[],
): string {
  const path = forShell(join(place, name));
  if (doubt === undefined)
    return `payload ${name} in ${place}: the run that stored it ended, and it has all its data: it is kept. No manifest in ${[...new Set(asked.map(toldPlace))].join(', ')} names it; one of another project or workflow may. ${opening(name, path)} remove it with: ${removalOf(place, name)}`;
  const others = more.length > 0 ? `, and ${counted(more.length, 'more doubt')}` : '';
  return `payload ${name} in ${place}: the run that stored it ended, and it has all its data: it is kept. Whether a manifest names it is not known: ${doubt}${others}. One of another project or workflow may name it, too. If no manifest names it, remove it with: ${removalOf(place, name)}`;
}

function toldPlace(place: PlaceName): string {
  if (place.kind === 'directory') return place.path;
  if (place.kind === 'store') return place.name?.replace(/^directory:/, '') ?? 'the store';
  return place.kind === 'artifact' ? 'the artifacts of this workflow' : 'the releases';
}

/** Suggests no command that would show a key in clear. */
function opening(name: string, path: string): string {
  const isSealed = name.endsWith('.age');
  const isPacked = name.replace(/\.age$/, '').endsWith('.zst');
  if (name.startsWith('secret-') || !(isSealed || isPacked)) return 'If nobody needs it,';
  const words = isSealed
    ? `age -d -i IDENTITY ${path}${isPacked ? ' | zstd -d' : ''} > FILE`
    : `zstd -d -o FILE ${path}`;
  return `Unpack it with: ${words}; or, if nobody needs it,`;
}
