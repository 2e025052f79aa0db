import { cloudOf } from '../../catalog/cloud-of.ts';
import { timestamp } from '../../clock.ts';
import { messageOf, OperationError, withHint, withoutStop } from '../../errors.ts';
import type { PruneInputs } from '../../inputs/prune.ts';
import type { Session } from '../../openstack/connection.ts';
import { deleteAll } from '../../prune/delete.ts';
import type { PrunePlan } from '../../prune/plan.ts';
import { keyOf } from '../../prune/point.ts';
import { manifestsOf, prunedPoints } from '../../prune/record.ts';
import { removeManifest } from '../../publish/remove.ts';
import type { Place } from '../../store/place.ts';
import type { Context } from '../context.ts';
import { type StoreGiven, storeOpener } from '../places/storing.ts';
import { recordBeside } from '../record-beside.ts';

/**
 * Publishes what will be deleted before deleting it, so that no list offers it even if this run is interrupted.
 *
 * @throws OperationError before anything is deleted
 */
export async function recordPruned(
  context: Context,
  session: Session,
  given: PruneInputs,
  { going }: PrunePlan,
  started: string,
): Promise<{ manifest?: string }> {
  const points = prunedPoints(going);
  if (points.length === 0) return {};
  const beside = await recordBeside(context, given, cloudOf(session), manifestsOf(going), started);
  beside.record.prune(points);
  const manifest = await beside.publish(timestamp(session.clock));
  if (manifest === undefined)
    throw new OperationError(
      'what should be deleted could not be recorded beside its manifests',
      'Nothing was deleted. Look at the errors above, and run it again.',
    );
  return { manifest };
}

/** Deletes manifests that nobody needs any more. */
export async function deleteManifests(context: Context, references: readonly string[], given: StoreGiven) {
  const { host } = context;
  const from = { github: host.github, store: storeOpener(context, given, 'manifest') };
  const failed: { kind: string; id: string; error: string }[] = [];
  for (const reference of references)
    try {
      if (await removeManifest(reference, from)) host.log.info(`manifest ${reference} deleted`);
      else host.log.info(`manifest ${reference} was not deleted: there are other files in its directory`);
    } catch (error) {
      host.log.error(
        `manifest ${reference} was not deleted: ${withoutStop(withHint(error))}. The next run tries again`,
      );
      failed.push({ kind: 'manifest', id: reference, error: messageOf(error) });
    }
  return failed;
}

/** Deletes what was planned, and reports what it could not delete. */
export async function deletePlanned(
  { host }: Context,
  session: Session,
  plan: PrunePlan,
  store: Place | undefined,
) {
  const deleted: { kind: string; id: string; point: string }[] = [];
  const failed: { kind: string; id: string; error: string }[] = [];
  const things = plan.deletions.reduce((sum, deletion) => sum + deletion.things.length, 0);
  const bar = host.progress.start('Deleting', { items: things, gigabytes: 0 });
  const id = (data: { kind: string }, key: string) => key.slice(data.kind.length + 1);
  try {
    await deleteAll(
      plan.deletions,
      { session, signal: host.signal, store },
      {
        deleted: ({ data, point }) => {
          host.log.info(`${keyOf(data)} deleted`);
          deleted.push({ kind: data.kind, id: id(data, keyOf(data)), point: point.id });
          bar.advance(1, 0);
        },
        stays: ({ data }, why) => {
          host.log.error(`${keyOf(data)} was not deleted: ${why}. The next run tries again`);
          failed.push({ kind: data.kind, id: id(data, keyOf(data)), error: host.secrets.redact(why) });
        },
      },
    );
  } finally {
    bar.finish();
  }
  return { deleted, failed };
}
