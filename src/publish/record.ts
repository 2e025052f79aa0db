import { messageOf, OperationError } from '../errors.ts';
import { ManifestCheck } from '../manifest/check.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from '../manifest/format.ts';
import { type Entry, headOf } from '../manifest/journal.ts';
import type {
  DrilledPoint,
  Manifest,
  Payload,
  PrunedPoint,
  RestorePoint,
  SavedFailure,
  VerifiedPoint,
} from '../manifest/schema.ts';
import type { Published, Publisher } from './publisher.ts';

export interface Finished {
  readonly published: readonly Published[];
  /** The errors of the places that could not take it. */
  readonly failures: readonly unknown[];
  /** Whether a place that outlives this machine has it; if none of the given places does, any of them counts. */
  readonly lasts: boolean;
}

export interface RecordTools {
  readonly publishers: readonly Publisher[];
  /** Called for a payload right before the manifest names it. */
  readonly keep: (payload: Payload) => Promise<void>;
  readonly warn: (line: string) => void;
}

/** The manifest of a run as it grows: each restore point is checked, and kept at once in every place. */
export class ManifestRecord {
  readonly #tools: RecordTools;
  readonly #check = new ManifestCheck();
  readonly #manifest: Manifest;
  readonly #silent = new Set<Publisher>();
  #begun = false;
  #keeping: Promise<unknown> = Promise.resolve();

  constructor(tools: RecordTools, cloud: Manifest['cloud'], run: Manifest['run']) {
    this.#tools = tools;
    this.#manifest = {
      format: MANIFEST_FORMAT,
      version: MANIFEST_VERSION,
      run: { ...run },
      cloud,
      restorePoints: [],
      failed: [],
    };
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Adds a restore point, and returns once all places have kept it.
   *
   * @returns whether one of them outlives this machine, so that the point is recorded. If not, publishing the manifest
   *   records it.
   * @throws OperationError if the manifest could not be read with it; then no place keeps it
   */
  async add(given: RestorePoint): Promise<boolean> {
    // A clock set back must not cost a restore point.
    const point = { ...given, seconds: Math.min(Math.max(given.seconds, 0), 1e9) };
    const said = await this.#check.refuse(point);
    if (said !== undefined) throw unwritable(point, said);
    if ('payload' in point && point.payload !== null) await this.#tools.keep(point.payload);
    this.#manifest.restorePoints.push(point);
    return this.#keep({ point });
  }

  fail(given: SavedFailure): void {
    const failed = this.#check.fitted(given);
    if (failed === undefined) return;
    this.#manifest.failed.push(failed);
    void this.#keep({ failed });
  }

  /** Restore points of other manifests that are deleted when this one is published. */
  prune(points: readonly PrunedPoint[]): void {
    this.#manifest.pruned = [...(this.#manifest.pruned ?? []), ...points];
  }

  /** How far restore points of other manifests were found to be good. */
  verify(points: readonly VerifiedPoint[]): void {
    this.#manifest.verified = [...points];
  }

  /** What drills of restore points of other manifests showed. */
  drill(points: readonly DrilledPoint[]): void {
    this.#manifest.drilled = [...points];
  }

  /**
   * Publishes the final manifest. If a place fails, the others still get it.
   *
   * @param finished ISO 8601, or null for a run that was cut short
   */
  async finish(finished: string | null): Promise<Finished> {
    const { publishers } = this.#tools;
    await this.#keeping;
    this.#manifest.run.finished = finished;
    const all = await Promise.allSettled(publishers.map((publisher) => publisher.finish(this.#manifest)));
    const done = publishers.filter((_publisher, index) => all[index]?.status === 'fulfilled');
    const needed = publishers.some(({ lasts }) => lasts !== 'never');
    return {
      published: all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
      failures: all.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
      lasts: done.some(({ lasts }) => !needed || lasts !== 'never'),
    };
  }

  /** A place that cannot keep the entry now may still publish it at the end. */
  async #keep(entry: Entry): Promise<boolean> {
    const entries = this.#begun ? [entry] : [headOf(this.#manifest), { cloud: this.#manifest.cloud }, entry];
    this.#begun = true;
    const kept = Promise.all(
      this.#tools.publishers.map(async (publisher) => {
        try {
          await publisher.keep(entries, this.#manifest);
          return publisher.lasts === 'at once';
        } catch (error) {
          if (!this.#silent.has(publisher))
            this.#tools.warn(`${messageOf(error)}; trying again at the end of the run`);
          this.#silent.add(publisher);
          return false;
        }
      }),
    );
    this.#keeping = Promise.all([this.#keeping, kept]);
    return (await kept).includes(true);
  }
}

function unwritable({ resource: { kind, id }, ...point }: RestorePoint, said: string): OperationError {
  const where =
    point.method === 'cinder-backup'
      ? `Backup ${point.backup.id} is complete: \`restore-volume\` with \`backup: ${point.backup.id}\` restores it without a manifest.`
      : 'Please report it with this message.';
  return new OperationError(
    `the restore point of ${kind} ${id} cannot be written to the manifest: ${said}`,
    where,
  );
}
