import { cloudOf } from '../catalog/cloud-of.ts';
import { InputError } from '../errors.ts';
import type { ManifestInputs } from '../inputs/manifest.ts';
import type { Kind } from '../manifest/points.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { Amount, Reporter, RestoringKind } from '../restore/kind.ts';
import { sweep } from '../temporaries/sweep.ts';
import type { Context, Outcome } from './context.ts';
import { environmentOf } from './environment-of.ts';
import type { StoreGiven } from './places/storing.ts';
import { compareClouds, manifestAsOf, trustedManifest } from './reading/trusted-manifest.ts';
import { makingRoom } from './room.ts';
import { whereAndWhen } from './where-and-when.ts';

/** The inputs that the engine needs for every kind. */
export type RestoringGiven = StoreGiven & ManifestInputs;

/**
 * The steps of every restore: read the manifest, choose the point, compare the clouds, plan, make room, show, sweep,
 * restore, report.
 *
 * @param store where to read payloads; undefined if no store is given
 * @throws InputError before anything is touched
 */
export async function restore<W, C, P, R, O extends string>(
  context: Context,
  kind: RestoringKind<W, C, P, R, O>,
  given: RestoringGiven,
  wishes: W,
  store: PayloadStore | undefined,
): Promise<Outcome<Record<O, { readonly description: string }>>> {
  const { host, dryRun } = context;
  // Only the cloud knows whether a point is whole.
  const early = given.at === undefined ? undefined : await context.connect(given);
  const manifest = await manifestOf(context, early, given, kind.kind, kind.wanted(wishes));
  const chosen = manifest === undefined ? bare(kind, wishes) : kind.choose(manifest, wishes);

  const session = early ?? (await context.connect(given));
  if (manifest !== undefined) compareClouds(context, manifest, session, given);
  const { plan } = await makingRoom(session, host, dryRun, () => kind.plan(session, chosen, wishes, store));
  kind.show(plan, host.log);
  await sweep(session, host, dryRun);
  if (dryRun) {
    const planned = kind.planned(plan);
    const restored = Array.isArray(planned) ? planned : [planned];
    return { outputs: {} as Partial<Record<O, string>>, failed: false, plan: { restore: restored } };
  }

  const environment = environmentOf(context, session);
  const started = environment.clock.now();
  return withProgress(context, kind.amountOf(plan), async (to) => {
    const restored = await kind.restore(environment, plan, store, to);
    const ended = environment.clock.now();
    const told = kind.tell(plan, restored, (ended - started) / 1000, host.log, host.signal);
    const summary = [told.summary, whereAndWhen(cloudOf(session), started, ended)].join('\n\n');
    return { ...told, summary, failure: FAILURE };
  });
}

function manifestOf(
  context: Context,
  session: Session | undefined,
  given: RestoringGiven,
  kind: Kind,
  wanted: string | undefined,
): Promise<Manifest | undefined> {
  if (session !== undefined) return manifestAsOf(context, session, given, kind, wanted);
  const { manifest } = given;
  return manifest === undefined
    ? Promise.resolve(undefined)
    : trustedManifest(context, manifest, given, kind, wanted);
}

function bare<W, C>(
  { kind, chooseBare }: Pick<RestoringKind<W, C, unknown, unknown, never>, 'kind' | 'chooseBare'>,
  wishes: W,
): C {
  if (chooseBare === undefined)
    throw new InputError(
      `\`manifest\` is required to restore a ${kind}`,
      'Give one, or `manifest: latest`; or give a time as `at`, to search all of them.',
    );
  return chooseBare(wishes);
}

/** What the page of a run says about a failure already reported. */
const FAILURE = 'the restore failed; what has all its data is kept, see the errors above';

async function withProgress<T>(
  { host: { log, progress } }: Context,
  amount: Amount | undefined,
  work: (to: Reporter) => Promise<T>,
): Promise<T> {
  const bar = amount && progress.start(amount.doing, amount);
  try {
    return await work({
      advance: (items, gigabytes) => bar?.advance(items, gigabytes),
      fail: (gigabytes) => bar?.fail(gigabytes),
      error: (line) => log.error(line),
    });
  } finally {
    bar?.finish();
  }
}
