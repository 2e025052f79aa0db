import { Marks } from '../chain/marks.ts';
import type { Clock } from '../clock.ts';
import { messageOf, OperationError, PlainError } from '../errors.ts';
import type { savingOutputs } from '../inputs/saving.ts';
import type { RestorePoint, SavedFailure } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { QuotaLine } from '../plan/quota.ts';
import { pool } from '../pool.ts';
import type { Publisher } from '../publish/publisher.ts';
import { ManifestRecord } from '../publish/record.ts';
import type { Context, Outcome } from '../run/context.ts';
import { quoted } from '../text/escape.ts';
import { TOOL } from '../version.ts';
import { briefOf } from './brief.ts';
import { publishedOutputs } from './publishing.ts';
import { savingSummary } from './saving-summary.ts';

/** What every command that makes restore points has in common: the table, the record, how failures are told. */

export interface Saving {
  readonly context: Context;
  /** The cloud's time. */
  readonly clock: Clock;
  readonly session: Session;
  readonly record: ManifestRecord;
  /** Which backups are recorded, and which will be. */
  readonly marks: Marks;
  /** When the run has to end, milliseconds since the epoch; Infinity for never. */
  readonly until: number;
}

/** A resource as failures and messages name it. */
export type Subject = Pick<SavedFailure, 'kind' | 'id' | 'name'>;

export interface Job {
  readonly subject: Subject;
  /** GiB, for the progress. */
  readonly gigabytes: number;
  /**
   * Saves it and records its restore points with {@link Saving.record}.
   *
   * @param advance told of the GiB that are done, where that can be seen before the end
   */
  save(advance: (gigabytes: number) => void): Promise<void>;
}

/**
 * @param payloads where payloads go; undefined where none leave the cloud
 * @param started ISO 8601
 * @param deadline minutes from now; 0 for never
 */
export function startSaving(
  context: Context,
  session: Session,
  places: readonly Publisher[],
  payloads: PayloadStore | undefined,
  started: string,
  deadline: number,
): Saving {
  const { run } = context.host;
  const { clock } = session;
  return {
    context,
    clock,
    session,
    marks: new Marks(),
    record: new ManifestRecord(
      {
        publishers: places,
        keep: async (payload) => payloads?.keep(payload),
        warn: (line) => context.host.log.warn(line),
      },
      session,
      { id: run.id, tool: TOOL, started, finished: null },
    ),
    until: deadline === 0 ? Number.POSITIVE_INFINITY : clock.now() + deadline * 60_000,
  };
}

/**
 * Does the jobs. One that fails is told and recorded, and the others go on.
 *
 * @param advise gives an error its hint, where the caller knows more
 */
export async function saveEach(
  saving: Saving,
  title: string,
  jobs: readonly Job[],
  concurrency: number,
  advise: (error: unknown) => unknown = (error) => error,
): Promise<void> {
  const { host } = saving.context;
  const gigabytes = jobs.reduce((sum, job) => sum + job.gigabytes, 0);
  const bar = host.progress.start(title, { items: jobs.length, gigabytes });
  try {
    await pool(jobs, concurrency, async (job) => {
      let left = job.gigabytes;
      try {
        host.signal.throwIfAborted();
        if (saving.clock.now() >= saving.until) throw notStarted(job.subject);
        await job.save((gigabytes) => {
          const more = Math.min(left, gigabytes);
          left -= more;
          bar.advance(0, more);
        });
      } catch (error) {
        if (!(error instanceof PlainError) && !host.signal.aborted) throw error;
        failed(saving, job.subject, advise(error));
      } finally {
        bar.advance(1, left);
      }
    });
  } finally {
    bar.finish();
  }
}

function notStarted({ kind, name, id }: Subject): OperationError {
  return new OperationError(
    `${kind} ${quoted(name)} (${id}) was not started: the run had to end`,
    `Give it more time with \`deadline\`, or choose fewer ${kind}s.`,
  );
}

/** Tells and records that a resource was not saved. */
export function failed({ context, record }: Saving, { kind, id, name }: Subject, error: unknown): void {
  const { host } = context;
  const hint = error instanceof PlainError && error.hint !== undefined ? ` ${error.hint}` : '';
  const text = host.secrets.redact(`${messageOf(error)}.${hint}`);
  host.log.error(text);
  record.fail({ kind, id, name, error: text.slice(0, 4096) });
}

/** Publishes the last state of the manifest, and says what became of the run. */
export async function finishSaving(
  { context, clock, session, record, marks }: Saving,
  quota: readonly QuotaLine[],
): Promise<Outcome<typeof savingOutputs>> {
  const { host } = context;
  if (host.signal.aborted)
    host.log.error(
      `${messageOf(host.signal.reason)}: what was done before stands in the manifest, and the next run takes up what was under way`,
    );
  const finished = await record.finish(host.signal.aborted ? null : new Date(clock.now()).toISOString());
  if (marks.waiting > 0) {
    session.windUp();
    if (finished.lasts) await marks.setAll(await session.service('block-storage'), host.log);
    else
      host.log.warn(
        `no place that lasts has the manifest, so ${marks.waiting === 1 ? 'its backup is' : `its ${marks.waiting} backups are`} not marked as recorded: the next run takes them up`,
      );
  }
  const { manifest } = record;
  return {
    outputs: {
      ...publishedOutputs(context, finished),
      'restore-points': restorePointsOutput(context, manifest.restorePoints),
      failed: JSON.stringify(manifest.failed.map(({ id, name, error }) => ({ id, name, error }))),
    },
    failed: manifest.failed.length > 0 || finished.failures.length > 0 || host.signal.aborted,
    summary: savingSummary(manifest, quota, finished.published),
  };
}

/** A job's outputs have 1 MiB together, as UTF-16: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs */
const LONGEST_OUTPUT = 128 * 1024;

function restorePointsOutput({ host }: Context, points: readonly RestorePoint[]): string {
  const brief = points.map(briefOf);
  let shown = brief.length;
  while (shown > 0 && JSON.stringify(brief.slice(0, shown)).length > LONGEST_OUTPUT)
    shown = Math.floor(shown * 0.9);
  if (shown < brief.length)
    host.log.warn(
      `the output restore-points holds the first ${shown} of ${brief.length}; the manifest has them all`,
    );
  return JSON.stringify(brief.slice(0, shown));
}
