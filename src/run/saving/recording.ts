import type { Refused, Started, Subject } from '../../backup/kind.ts';
import { cloudOf } from '../../catalog/cloud-of.ts';
import { Marks } from '../../chain/marks.ts';
import type { Environment } from '../../environment.ts';
import { withHint } from '../../errors.ts';
import type { RestorePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { QuotaError } from '../../plan/quota.ts';
import type { Publisher } from '../../publish/publisher.ts';
import { ManifestRecord } from '../../publish/record.ts';
import { quoted } from '../../text/escape.ts';
import { TOOL } from '../../version.ts';
import type { Context } from '../context.ts';
import { environmentOf } from '../environment-of.ts';

/** A run that saves: what it uses, and what it has recorded. */
export interface Saving {
  readonly context: Context;
  readonly environment: Environment;
  readonly record: ManifestRecord;
  /** Which backups are recorded, and which will be. */
  readonly marks: Marks;
  /** The ids of recorded restore points: one that several resources share arrives more than once. */
  readonly recorded: Set<string>;
  /** Backups of earlier runs already reported as impossible to record. */
  readonly told: Set<string>;
  /** What this run started, and left to the cloud. */
  readonly started: Started[];
  /** What this run saved, of all that it should. */
  readonly saved: Subject[];
  /** What it did not start, because an earlier run had. */
  readonly underWay: Subject[];
}

/**
 * @param payloads where payloads go; undefined if none leave the cloud
 * @param started ISO 8601
 * @param until the deadline, milliseconds since the epoch in the cloud's time
 */
export function startSaving(
  context: Context,
  session: Session,
  places: readonly Publisher[],
  payloads: PayloadStore | undefined,
  started: string,
  until: number,
): Saving {
  const { run, log } = context.host;
  return {
    context,
    environment: environmentOf(context, session, until),
    marks: new Marks(),
    recorded: new Set(),
    told: new Set(),
    started: [],
    saved: [],
    underWay: [],
    record: new ManifestRecord(
      {
        publishers: places,
        keep: async (payload) => payloads?.keep(payload),
        warn: (line) => log.warn(line),
      },
      cloudOf(session),
      { id: run.id, tool: TOOL, started, finished: null },
    ),
  };
}

/**
 * Records a restore point, and marks its backup as recorded once the manifest is published.
 *
 * @param told what to log about it
 * @throws OperationError for a point that would make the manifest unreadable
 */
export async function recordPoint(
  { environment: { session, log }, record, marks, recorded }: Saving,
  point: RestorePoint,
  told: string | undefined,
): Promise<void> {
  if (recorded.has(point.id)) return;
  recorded.add(point.id);
  const lasts = await record.add(point);
  if (told !== undefined) log.info(told);
  if (point.method !== 'cinder-backup') return;
  if (lasts) await marks.set(await session.service('block-storage'), point.backup.id, log);
  else marks.later(point.backup.id);
}

/** Reports a backup that a later run will record. */
export function recordStarted({ environment: { log }, started }: Saving, one: Started): void {
  const { kind, name } = one.resource;
  log.info(`backup ${one.backup} of ${kind} ${quoted(name)} is left to the cloud; a later run records it`);
  started.push(one);
}

/** Reports and records that a resource was not saved. */
export function recordFailure(
  { context: { host }, record }: Saving,
  { subject, error }: Pick<Refused, 'subject'> & { readonly error: unknown },
): void {
  const text = host.secrets.redact(withHint(error));
  host.log.error(text);
  const cause = error instanceof QuotaError ? ({ cause: 'quota' } as const) : {};
  record.fail({ ...subject, error: text.slice(0, 4096), ...cause });
}
