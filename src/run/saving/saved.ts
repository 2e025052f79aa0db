import type { Started, Subject } from '../../backup/kind.ts';
import { timestamp } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { savingInputs, savingOutputs } from '../../inputs/saving.ts';
import type { Values } from '../../inputs/table.ts';
import type { RestorePoint } from '../../manifest/schema.ts';
import type { QuotaLine } from '../../plan/quota.ts';
import type { Context, Outcome } from '../context.ts';
import { reachOf } from '../places/reach.ts';
import type { StoreGiven } from '../places/storing.ts';
import { placesNamed, type Saved, waysBack } from '../places/ways-back.ts';
import { publishedOutputs } from '../publishing.ts';
import { briefOf } from './brief.ts';
import type { Saving } from './recording.ts';
import { savingSummary } from './summary.ts';

/** The outcome of a run that saves. */
export interface SavedOutcome extends Outcome<typeof savingOutputs> {
  /** What it left to the cloud. */
  readonly started: readonly Started[];
  /** What it saved, of all that it should. */
  readonly saved: readonly Subject[];
  /** What it skipped, because an earlier run had it under way. */
  readonly underWay: readonly Subject[];
}

/** Publishes the final manifest, and returns the outcome. A run that only started backups has no manifest. */
export async function finishSaving(
  {
    context,
    environment: { clock, session },
    record,
    recorded,
    marks,
    started: begun,
    saved,
    underWay,
  }: Saving,
  quota: readonly QuotaLine[],
  given: Pick<Values<typeof savingInputs>, 'recipients' | 'sign-key' | 'publish'> & StoreGiven,
): Promise<SavedOutcome> {
  const { host } = context;
  // A later part of the same run may have recorded some.
  const started = begun.filter(({ point }) => !recorded.has(point));
  if (host.signal.aborted)
    host.log.error(
      `${messageOf(host.signal.reason)}: what was saved is in the manifest; the next run waits for backups that the cloud is still making, and adopts them`,
    );
  const { manifest } = record;
  context.windUp();
  const isEmpty = manifest.restorePoints.length + manifest.failed.length === 0;
  const finished =
    started.length > 0 && isEmpty
      ? { published: [], failures: [], lasts: false }
      : await record.finish(host.signal.aborted ? null : timestamp(clock));
  if (marks.waiting > 0) {
    context.windUp();
    if (finished.lasts) await marks.setAll(await session.service('block-storage'), host.log);
    else
      host.log.warn(
        `the manifest is in no place that lasts, so ${marks.waiting === 1 ? 'its backup is' : `its ${marks.waiting} backups are`} not marked as recorded: the next run adopts ${marks.waiting === 1 ? 'it' : 'them'}`,
      );
  }
  const [shown] = finished.published;
  const places = shown === undefined ? [] : placesNamed(manifest, shown.path);
  const facts: Saved = {
    repository: host.github?.here.repository,
    signed: given['sign-key'] !== undefined,
    sealed: given.recipients.length > 0,
    reach: await reachOf(context, given, given.publish, places),
  };
  const ways = shown === undefined ? [] : waysBack(manifest, shown, facts);
  return {
    outputs: {
      ...publishedOutputs(context, finished),
      'restore-points': restorePointsOutput(context, manifest.restorePoints),
      failed: JSON.stringify(manifest.failed.map(({ id, name, error }) => ({ id, name, error }))),
    },
    failed: manifest.failed.length > 0 || finished.failures.length > 0 || host.signal.aborted,
    started,
    saved,
    underWay,
    waysBack: ways,
    summary: savingSummary(manifest, quota, finished.published, ways, started),
  };
}

/**
 * All outputs of a job share 1 MiB, as UTF-16:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
 */
const LONGEST_OUTPUT = 128 * 1024;

function restorePointsOutput({ host }: Context, points: readonly RestorePoint[]): string {
  const brief = points.map(briefOf);
  let shown = brief.length;
  while (shown > 0 && JSON.stringify(brief.slice(0, shown)).length > LONGEST_OUTPUT)
    shown = Math.floor(shown * 0.9);
  if (shown < brief.length)
    host.log.warn(
      `the output restore-points holds the first ${shown} of ${brief.length}; the manifest has all of them`,
    );
  return JSON.stringify(brief.slice(0, shown));
}
