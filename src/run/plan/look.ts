import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { doubtsOf } from '../../catalog/doubts.ts';
import { allManifests, type Found, type Manifests, named, type Unread } from '../../catalog/everything.ts';
import { withoutPruned } from '../../catalog/pruned.ts';
import { UNSIGNED } from '../../catalog/read.ts';
import { damagedObjects, verifiedIn } from '../../catalog/verified.ts';
import type { Shelf } from '../../catalog/whole.ts';
import { beingMade } from '../../chain/being-made.ts';
import { InputError } from '../../errors.ts';
import type { CloudInputs } from '../../inputs/cloud.ts';
import type { planLookInputs } from '../../inputs/plan-file.ts';
import { accessOf, type StoreAccess } from '../../inputs/store.ts';
import type { Values } from '../../inputs/table.ts';
import { marked, type Receipt } from '../../manifest/receipt.ts';
import type { Session } from '../../openstack/connection.ts';
import { type Assignment, assign } from '../../planfile/assign.ts';
import { type Duty, dutiesOf } from '../../planfile/due.ts';
import type { PlanFile } from '../../planfile/plan-file.ts';
import { withoutKeysOfVolumes } from '../../planfile/resource.ts';
import type { SavedPoint } from '../../planfile/saved.ts';
import { onlyDuties } from '../../planfile/shards.ts';
import type { OpenStore } from '../../store/place.ts';
import { isDirectory, isOnGitHub, type PlaceName } from '../../store/place-name.ts';
import type { Holdings } from '../../temporaries/holdings.ts';
import { quoted } from '../../text/escape.ts';
import { counted } from '../../text/words.ts';
import type { Context } from '../context.ts';
import { shelfOf } from '../places/storing.ts';
import { placesOf } from '../reading/manifest-places.ts';
import { readingOf } from '../reading/reading.ts';
import { savedPointsOf, sealedPointsOf } from '../reading/saved-points.ts';
import { loadPlan } from './file.ts';
import { type Project, projectOf } from './project-of.ts';

export type PlanLookGiven = CloudInputs &
  Partial<StoreAccess> &
  Values<typeof planLookInputs> & {
    readonly only?: readonly string[];
    readonly 'start-only'?: boolean;
  };

/** The state of a plan: what it says, what exists, what was saved, what is due. A plain record but for the session. */
export interface PlanLook {
  readonly session: Session;
  readonly plan: PlanFile;
  /** How to reach the plan's store, and its cloud. */
  readonly access: StoreAccess & CloudInputs;
  /** The cloud's time, milliseconds. */
  readonly now: number;
  readonly project: Project;
  readonly assignments: readonly Assignment[];
  readonly duties: readonly Duty[];
  readonly points: readonly SavedPoint[];
  readonly found: readonly Found[];
  /** Objects in the store that `verify` saw damaged. */
  readonly damaged: ReadonlySet<string>;
  readonly unread: readonly Unread[];
  /** All manifests, with pruned points too; undefined if a place of the plan could not be read. */
  readonly manifests: Manifests | undefined;
  /** Of manifests that are sealed to others. */
  readonly receipts: readonly Receipt[];
  /** Probable mistakes: selectors that match nothing. */
  readonly doubts: readonly string[];
}

/**
 * Reads the plan, logs in to its project, and looks at what exists and what was saved. Changes nothing.
 *
 * @throws InputError for an invalid plan, and for credentials of another project
 */
export async function lookAtPlan(context: Context, given: PlanLookGiven): Promise<PlanLook> {
  const plan = await loadPlan(context, given.plan);
  return lookAgain(context, given, { plan, session: await connectFor(context, given, plan) });
}

/** Looks again with the same plan and session, and sees what the run did. */
export async function lookAgain(
  context: Context,
  given: PlanLookGiven,
  { plan, session }: Pick<PlanLook, 'plan' | 'session'>,
): Promise<PlanLook> {
  const now = session.clock.now();
  const kinds = new Set(plan.entries.flatMap((entry) => entry.kinds));
  const needed: (keyof Holdings)[] = ['volumes', 'backups'];
  const project = await projectOf(session, [
    ...needed,
    ...(kinds.has('server') ? (['servers'] as const) : []),
    ...(kinds.has('image') ? (['images'] as const) : []),
    ...(kinds.has('secret') ? (['secrets'] as const) : []),
  ]);
  const access = { ...accessOf(given), ...cloudOfPlan(given, plan) };
  const { manifests, isComplete } = await manifestsOf(context, { ...given, ...access }, plan);
  const { found, unread } = manifests;
  const here = withoutPruned(found).filter(
    ({ manifest: { cloud } }) =>
      cloud.project.id === plan.project && cloud.region === session.region('block-storage'),
  );
  const resources = kinds.has('secret') ? project.resources : withoutKeysOfVolumes(project.resources);
  const { assignments, doubts } = assign(plan, resources, now);
  const where = marked(plan.project, session.region('block-storage'));
  const receipts = unread.flatMap(({ receipt }) => (receipt?.where === where ? [receipt] : []));
  const damaged = damagedObjects(verifiedIn(found, now));
  const shelf = await shelfOfPlan(context, { ...given, ...access }, plan, here, damaged);
  const points = [
    ...savedPointsOf(here, project.inventory, now, shelf),
    ...sealedPointsOf(receipts, project),
  ];
  const underWay = beingMade(project.holdings.backups, given['start-only'] ?? false);
  const terms = { zone: plan.zone, hasStore: plan.store !== undefined, now, underWay };
  return {
    session,
    plan,
    access,
    now,
    project,
    assignments,
    duties: onlyDuties(dutiesOf(assignments, points, terms), given.only ?? []),
    points,
    found: here,
    damaged,
    unread,
    manifests: isComplete ? manifests : undefined,
    receipts,
    doubts: [...doubts, ...(given['verify-key'] === undefined ? [] : unsignedIn(here))],
  };
}

/** What is in the plan's store. Where nobody can look, what its manifests say counts. */
async function shelfOfPlan(
  context: Context,
  given: PlanLookGiven & StoreAccess,
  { store, publish }: PlanFile,
  found: readonly Found[],
  damaged: ReadonlySet<string>,
): Promise<Shelf | undefined> {
  const manifests = found.map(({ manifest }) => manifest);
  const isStored = manifests.some(({ restorePoints }) =>
    restorePoints.some((point) => 'payload' in point && point.payload !== null),
  );
  if (store === undefined || !isStored) return undefined;
  const doubts = doubtsOf(manifests, damaged);
  const shelf = await shelfOf(context, { ...given, store, publish }, doubts);
  if (shelf?.sizes !== undefined) return shelf;
  context.host.log.warn(
    `nobody can tell whether all is there that was saved into ${store}: ${shelf?.unknown}. What the manifests say counts`,
  );
  return undefined;
}

function cloudOfPlan(given: CloudInputs, plan: PlanFile): CloudInputs {
  const { project, 'clouds-yaml': cloudsYaml } = given;
  const [cloud, region] = [given.cloud ?? plan.cloud, given.region ?? plan.region];
  return { cloud, region, project, 'clouds-yaml': cloudsYaml };
}

/** A restore with the same key would refuse these. */
function unsignedIn(found: readonly Found[]): string[] {
  const unsigned = found.filter(({ doubt }) => doubt?.what === UNSIGNED.what);
  const [first] = unsigned;
  if (first === undefined) return [];
  const more = unsigned.length > 1 ? ` (${first.references.join(', ')} and ${unsigned.length - 1} more)` : '';
  return [
    `${more === '' ? `manifest ${first.references.join(', ')} is` : `${unsigned.length} manifests are`} unsigned${more}, although \`verify-key\` is given: a restore with that key refuses what only ${more === '' ? 'it lists' : 'they list'}`,
  ];
}

/** @throws InputError for credentials of a project other than the plan's, and for a region that contradicts the plan */
export async function connectFor(context: Context, given: CloudInputs, plan: PlanFile): Promise<Session> {
  for (const name of ['cloud', 'region'] as const)
    if (given[name] !== undefined && plan[name] !== undefined && given[name] !== plan[name])
      throw new InputError(
        `\`${name}\` is ${quoted(given[name])}, but the plan is for ${name} ${quoted(plan[name])}`,
        'Leave it out, or use another plan. Nothing was changed.',
      );
  const session = await context.connect(cloudOfPlan(given, plan));
  const { project } = session.scope;
  if (project.id === plan.project) return session;
  throw new InputError(
    `the credentials are for project ${quoted(project.name)} (${project.id}), but the plan is for project ${plan.project}`,
    project.name === plan.project
      ? `A plan has the id of the project, not its name: write project: ${project.id}. Nothing was changed.`
      : 'Use the credentials of that project, or another plan. Nothing was changed.',
  );
}

async function manifestsOf(context: Context, given: PlanLookGiven & StoreAccess, plan: PlanFile) {
  const { host } = context;
  const reading = await readingOf(context, { ...given, store: plan.store, publish: plan.publish });
  const { places, isComplete } = await readable(
    context,
    placesOf(given.manifest.length > 0 ? given.manifest : plan.publish, host.github !== undefined),
    reading.store,
  );
  const manifests = await allManifests(places, reading);
  const sealed = manifests.unread.filter(({ receipt }) => receipt !== undefined).length;
  if (sealed > 0)
    host.log.info(
      `${counted(sealed, 'manifest is', 'manifests are')} sealed to others: what was saved when is read from ${sealed === 1 ? 'its envelope' : 'their envelopes'}`,
    );
  for (const { reference, doubt } of manifests.unread.filter(({ receipt }) => receipt === undefined))
    host.log.warn(`${named(reference, doubt.what)}: its restore points count as not saved. ${doubt.hint}`);
  return { manifests, isComplete };
}

/** Before the first run the directory does not exist, and a terminal cannot see GitHub. */
async function readable(
  { host }: Context,
  places: readonly PlaceName[],
  openStore: OpenStore,
): Promise<{ readonly places: PlaceName[]; readonly isComplete: boolean }> {
  const looked = await Promise.all(
    places.map(async (place) => {
      if (isOnGitHub(place)) return host.github !== undefined;
      const path = place.kind === 'directory' ? place.path : (await openStore(place.name)).name;
      if (!isDirectory(path)) return true;
      return stat(resolve(host.directory, path)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
      );
    }),
  );
  const hidden = places.filter((place, index) => !looked[index] && isOnGitHub(place));
  if (hidden.length > 0)
    host.log.warn(
      `the manifests in ${hidden.map(({ kind }) => `${kind}s`).join(' and ')} can be read only in a workflow on GitHub: what only they hold counts as not saved. Download them (gh release download TAG), and give their directory: \`manifest: directory:PATH\``,
    );
  return { places: places.filter((_, index) => looked[index]), isComplete: hidden.length === 0 };
}
