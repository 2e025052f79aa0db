import type { Session } from '../openstack/session.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';
import type { Published, Publisher } from './publish.ts';
import type { Manifest, RestorePoint, SavedFailure } from './schema.ts';

export interface Finished {
  readonly published: readonly Published[];
  /** What was thrown by the places that could not take it. */
  readonly failures: readonly unknown[];
}

/** The manifest of a run as it grows: published after every restore point. */
export class ManifestRecord {
  readonly #publishers: readonly Publisher[];
  readonly #keep: (payload: string) => Promise<void>;
  #manifest: Manifest;
  #writing: Promise<unknown> = Promise.resolve();

  /** @param keep told of the name of a payload right before the manifest names it */
  constructor(
    publishers: readonly Publisher[],
    session: Session,
    run: Manifest['run'],
    keep: (payload: string) => Promise<void>,
  ) {
    this.#publishers = publishers;
    this.#keep = keep;
    this.#manifest = {
      format: MANIFEST_FORMAT,
      version: MANIFEST_VERSION,
      run,
      cloud: cloudOf(session),
      restorePoints: [],
      failed: [],
    };
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Adds a restore point, and returns when it stands in every place. */
  async add(point: RestorePoint): Promise<void> {
    if ('payload' in point && point.payload !== null) await this.#keep(point.payload.name);
    this.#manifest = { ...this.#manifest, restorePoints: [...this.#manifest.restorePoints, point] };
    await this.#publish((publisher) => publisher.write(this.#manifest));
  }

  fail(failure: SavedFailure): void {
    this.#manifest = { ...this.#manifest, failed: [...this.#manifest.failed, failure] };
  }

  /**
   * Publishes the last state of it. A place that fails does not keep the others from getting it.
   *
   * @param finished ISO 8601, or null for a run that was cut short
   */
  async finish(finished: string | null): Promise<Finished> {
    this.#manifest = { ...this.#manifest, run: { ...this.#manifest.run, finished } };
    const all = await this.#publish(async (publisher) => {
      const [result] = await Promise.allSettled([publisher.finish(this.#manifest)]);
      return result;
    });
    return {
      published: all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
      failures: all.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
    };
  }

  /** One at a time: each write replaces the one before. */
  #publish<T>(write: (publisher: Publisher) => Promise<T>): Promise<T[]> {
    const next = this.#writing.catch(() => undefined).then(() => Promise.all(this.#publishers.map(write)));
    this.#writing = next;
    return next;
  }
}

/** Which cloud and project, for a restore to compare. */
export function cloudOf(session: Session): Manifest['cloud'] {
  const { project } = session.scope;
  return {
    authUrl: session.config.auth.authUrl,
    region: session.region('block-storage'),
    project: { ...project },
  };
}
