import { randomUUID } from 'node:crypto';
import { cloudOf } from '../catalog/cloud-of.ts';
import { workflowFile } from '../catalog/github/provenance.ts';
import { messageOf, OperationError, withHint, withoutStop } from '../errors.ts';
import type { PruneInputs } from '../inputs/prune.ts';
import type { Session } from '../openstack/connection.ts';
import { deleteAll } from '../prune/delete.ts';
import type { PrunePlan } from '../prune/plan.ts';
import { keyOf } from '../prune/point.ts';
import { placesOfManifests, prunedPoints } from '../prune/record.ts';
import type { Publisher } from '../publish/publisher.ts';
import { ManifestRecord } from '../publish/record.ts';
import { removeManifest } from '../publish/remove.ts';
import type { Place } from '../store/place.ts';
import { TOOL } from '../version.ts';
import type { Context } from './context.ts';
import { openPlaces, publishedOutputs } from './publishing.ts';

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
  const publish = given.publish.length > 0 ? given.publish : placesOfManifests(going);
  // Needs its own id: a run that saves and prunes already has a manifest.
  const run = { id: randomUUID() };
  const recording = { ...given, publish, expiry: 'any', 'expiry-days': 0, 'release-tag': undefined } as const;
  const places: Publisher[] = await openPlaces(context, recording, run);
  warnOfWorkflow(context, given, publish);
  for (const place of places) await place.prepare(started);
  const { log } = context.host;
  const record = new ManifestRecord(
    { publishers: places, keep: async () => undefined, warn: (line) => log.warn(line) },
    cloudOf(session),
    { id: run.id, tool: TOOL, started, finished: null },
  );
  record.prune(points);
  const finished = await record.finish(new Date(session.clock.now()).toISOString());
  const { manifest } = publishedOutputs(context, finished);
  if (finished.failures.length > 0 || !finished.lasts)
    throw new OperationError(
      'what should be deleted could not be recorded beside its manifests',
      'Nothing was deleted. Look at the errors above, and run it again.',
    );
  return manifest === undefined ? {} : { manifest };
}

/** Only one workflow's runs are searched for artifacts. */
function warnOfWorkflow({ host }: Context, { workflow }: PruneInputs, publish: readonly string[]): void {
  const own = host.github?.here.workflow;
  if (workflow === undefined || own === undefined || !publish.includes('artifact')) return;
  if (workflowFile(workflow) === workflowFile(own)) return;
  host.log.warn(
    `the record is an artifact of ${workflowFile(own)}: a restore that looks in ${workflowFile(workflow)} will not find it. Use \`publish: release\`, or prune in that workflow`,
  );
}

/** Deletes manifests that nobody needs any more. */
export async function deleteManifests({ host }: Context, references: readonly string[]) {
  const failed: { kind: string; id: string; error: string }[] = [];
  for (const reference of references)
    try {
      if (await removeManifest(reference, host.github)) host.log.info(`manifest ${reference} deleted`);
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
