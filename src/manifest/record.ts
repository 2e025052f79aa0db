import type { Session } from '../openstack/session.ts';
import type { Written } from './directory.ts';
import type { Publisher } from './publish.ts';
import {
  MANIFEST_FORMAT,
  MANIFEST_VERSION,
  type Manifest,
  type RestorePoint,
  type SavedFailure,
} from './schema.ts';

/** The manifest of a run as it grows: published after every restore point. */
export class ManifestRecord {
  readonly #publishers: readonly Publisher[];
  #manifest: Manifest;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(publishers: readonly Publisher[], session: Session, run: Manifest['run']) {
    this.#publishers = publishers;
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
  add(point: RestorePoint): Promise<void> {
    this.#manifest = { ...this.#manifest, restorePoints: [...this.#manifest.restorePoints, point] };
    return this.#publish((publisher) => publisher.write(this.#manifest)).then(() => undefined);
  }

  fail(failure: SavedFailure): void {
    this.#manifest = { ...this.#manifest, failed: [...this.#manifest.failed, failure] };
  }

  /** @param finished ISO 8601, or null for a run that was cut short */
  async finish(finished: string | null): Promise<Written | undefined> {
    this.#manifest = { ...this.#manifest, run: { ...this.#manifest.run, finished } };
    return (await this.#publish((publisher) => publisher.finish(this.#manifest)))[0];
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
