import { cloudOf } from '../../catalog/cloud-of.ts';
import { doubtsOf, mapsNeeded } from '../../catalog/doubts.ts';
import { findManifest, isLatest, parseReference } from '../../catalog/find.ts';
import { inventoryOf } from '../../catalog/inventory.ts';
import { parseAt } from '../../catalog/pick.ts';
import { Seek } from '../../catalog/seek.ts';
import { believable } from '../../catalog/trusted-records.ts';
import { damagedObjects, faultsIn, standings } from '../../catalog/verified.ts';
import { judge, type Shelf } from '../../catalog/whole.ts';
import { InputError } from '../../errors.ts';
import type { ManifestInputs } from '../../inputs/manifest.ts';
import type { Kind } from '../../manifest/points.ts';
import type { Manifest, RestorePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import { lookCloser } from '../../payload/blocks/shelf-look.ts';
import { quoted } from '../../text/escape.ts';
import type { Context } from '../context.ts';
import { namedPlace, neededPlace, type StoreGiven, shelfOf } from '../places/storing.ts';
import { isInBlocks, newerMapsIfListed } from './newer-maps.ts';
import { readingOf } from './reading.ts';

type FindingInputs = ManifestInputs & StoreGiven;

/**
 * The manifest that the inputs name, if it is trusted.
 *
 * @param kind of resource to restore
 * @param wanted its name or id; undefined if the manifest has only one
 * @throws InputError
 */
export async function trustedManifest(
  context: Context,
  reference: string,
  given: FindingInputs,
  kind: Kind,
  wanted: string | undefined,
): Promise<Manifest> {
  const seek = new Seek({ kind, wanted });
  const manifest = await find(context, reference, given, seek);
  const faults = faultsIn(standings(believable(seek.verified(), context.host.clock.now())));
  const meant = pointsMeantIn(manifest, seek);
  if (isLatest(parseReference(reference)) && meant.some(isInBlocks)) {
    const place = await namedPlace(context, given);
    for (const line of place ? await newerMapsIfListed(place, meant) : []) context.host.log.warn(line);
  }
  for (const { id } of meant)
    if (faults.has(id))
      context.host.log.warn(
        `\`verify\` saw restore point ${id} damaged: ${faults.get(id)}. \`at: 0h\` takes the newest one that is whole`,
      );
  return manifest;
}

/**
 * The manifest with the newest whole restore point not later than `at`, trusted by the same rules as `latest`. Drops
 * the resource's other points from it. Skips broken points, and reports them.
 *
 * @throws InputError
 */
export async function manifestAsOf(
  context: Context,
  session: Session,
  given: FindingInputs,
  kind: Kind,
  wanted: string | undefined,
): Promise<Manifest> {
  const { log, clock } = context.host;
  const reference = given.manifest ?? 'latest';
  if (!isLatest(parseReference(reference)))
    throw new InputError(
      `\`at\` chooses among many manifests, and \`manifest\` names one: ${reference}`,
      'Leave one of the two out, or name a place: `manifest: directory:PATH`, `manifest: store`, `manifest: artifact` or `manifest: release`.',
    );
  const at = parseAt(given.at ?? '', clock.now());
  const inventory = await inventoryOf(session);
  for (const why of Object.values(inventory.unknown)) log.warn(why);
  let shelf = await shelfOf(context, given, doubtsOf([]));
  let faults = new Map<string, string>();
  for (;;) {
    const seek = new Seek({ kind, wanted, at, statesOf: judge({ inventory, shelf, faults }) });
    const manifest = seek.narrowed(await find(context, reference, given, seek));
    const standing = standings(believable(seek.verified(), clock.now()));
    // A search ends where it finds something: what it read until then may rule that out.
    if (hasNew(manifest, faultsIn(standing), faults)) {
      faults = new Map([...faults, ...faultsIn(standing)]);
      continue;
    }
    const maps = mapsNeeded(manifest, kind);
    const closer = await lookedCloser(context, given, shelf, maps, damagedObjects(standing));
    if (closer === undefined) {
      for (const line of seek.passedOver(manifest)) log.warn(line);
      return manifest;
    }
    shelf = closer;
  }
}

function hasNew(
  { restorePoints }: Manifest,
  faults: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, string>,
): boolean {
  return restorePoints.some(({ id }) => faults.has(id) && !known.has(id));
}

/** A server is damaged with a disk. */
function pointsMeantIn(manifest: Manifest, seek: Seek): RestorePoint[] {
  const meant = seek.wanted(manifest);
  const disks = new Set(
    meant.flatMap((point) =>
      point.method === 'disks' ? point.resource.disks.map((disk) => disk.point) : [],
    ),
  );
  return [...meant, ...manifest.restorePoints.filter(({ id }) => disks.has(id))];
}

/** The same shelf, knowing what is odd about these maps; undefined for nothing. */
async function lookedCloser(
  context: Context,
  given: StoreGiven,
  shelf: Shelf | undefined,
  maps: readonly string[],
  damaged: ReadonlySet<string>,
): Promise<Shelf | undefined> {
  const isOdd = (name: string) => shelf?.lacking?.has(name) || shelf?.tainted?.has(name);
  const there = maps.filter((name) => shelf?.sizes?.has(name) && !isOdd(name));
  if (shelf === undefined || there.length === 0) return undefined;
  const place = await neededPlace(context, given);
  const { lacking, tainted } = await lookCloser(place, there, damaged, context.host.signal);
  if (lacking.size + tainted.size === 0) return undefined;
  return {
    ...shelf,
    lacking: new Map([...(shelf.lacking ?? []), ...lacking]),
    tainted: new Map([...(shelf.tainted ?? []), ...tainted]),
  };
}

async function find(
  context: Context,
  reference: string,
  given: FindingInputs,
  seek: Seek,
): Promise<Manifest> {
  const found = await findManifest(reference, {
    ...(await readingOf(context, given)),
    allowUnsigned: given['allow-unsigned'],
    wanted: (manifest) => seek.wanted(manifest),
    seen: () => seek.seen(),
    deep: given.at !== undefined,
  });
  const { run } = found.manifest;
  context.host.log.info(`${found.path}: of ${run.started}, SHA-256 ${found.sha256}`);
  return found.manifest;
}

/**
 * Compares project ids, which are globally unique; regions are not, and Keystone's URL may differ by network.
 *
 * @throws InputError unless `allow-other-project` is set
 */
export function compareClouds(
  { host }: Context,
  manifest: Manifest,
  session: Session,
  given: Pick<ManifestInputs, 'allow-other-project'>,
): void {
  const [then, now] = [manifest.cloud, cloudOf(session)];
  if (then.project.id === now.project.id && then.region === now.region) return;
  const what = `the manifest is of project ${quoted(then.project.name)} (${then.project.id}) in region ${quoted(then.region)}, but the credentials are for project ${quoted(now.project.name)} (${now.project.id}) in region ${quoted(now.region)}`;
  if (!given['allow-other-project'])
    throw new InputError(what, 'Use the credentials of that project, or `allow-other-project: true`.');
  host.log.warn(what);
}
