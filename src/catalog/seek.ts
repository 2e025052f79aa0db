import { type Kind, pointsOf } from '../manifest/points.ts';
import type { Manifest, RestorePoint, VerifiedPoint } from '../manifest/schema.ts';
import { quoted } from '../text/escape.ts';
import { newestOfEach, pointsMeant } from './choose.ts';
import { takenAt } from './times.ts';
import type { State } from './whole.ts';

export interface Sought {
  readonly kind: Kind;
  /** A name or an id; undefined means any of the kind. */
  readonly wanted: string | undefined;
  /** Milliseconds; rules out later points. Undefined means the newest. */
  readonly at?: number | undefined;
  /** Judges a manifest's points, to skip broken ones; undefined skips none. */
  readonly statesOf?: ((manifest: Manifest) => ReadonlyMap<string, State>) | undefined;
}

/** A point of the resource that is sought. */
interface Sighting {
  readonly point: string;
  readonly name: string;
  readonly time: string;
  readonly state: State | undefined;
}

const MOST_TOLD = 20;

/** Searches manifest by manifest for the newest point that will do, and remembers what else there is. */
export class Seek {
  readonly #sought: Sought;
  /** By the run of their manifest: a second look may find fewer points, after a prune. */
  readonly #sightings = new Map<string, readonly Sighting[]>();
  readonly #verified = new Map<string, readonly VerifiedPoint[]>();
  /** Names of that kind, by id, to help with a misspelt one. */
  readonly #others = new Map<string, string>();

  constructor(sought: Sought) {
    this.#sought = sought;
  }

  /**
   * The restore points of a manifest that will do. Includes a name that two resources share: else an older manifest,
   * where only one had it, would pass for the latest.
   */
  wanted(manifest: Manifest): RestorePoint[] {
    const { kind, wanted, at, statesOf } = this.#sought;
    this.#verified.set(manifest.run.id, manifest.verified ?? []);
    const points = pointsOf(manifest, kind);
    const meant = wanted === undefined ? points : pointsMeant(points, wanted);
    if (meant.length === 0) for (const { resource } of points) this.#others.set(resource.id, resource.name);
    const states = statesOf?.(manifest);
    const sighted = meant.map((point) => ({
      point: point.id,
      name: point.resource.name,
      time: takenAt(point, manifest),
      state: states?.get(point.id),
    }));
    this.#sightings.set(manifest.run.id, sighted);
    return meant.filter((_point, index) => {
      const { state, time } = sighted[index] as Sighting;
      return state?.state !== 'broken' && (at === undefined || Date.parse(time) <= at);
    });
  }

  /** What `verify` recorded in the manifests that were searched. It comes after the points that it is about. */
  verified(): VerifiedPoint[] {
    return [...this.#verified.values()].flat();
  }

  /** The manifest with the newest point that will do of each resource of the kind, and all that those points need. */
  narrowed(manifest: Manifest): Manifest {
    const { kind } = this.#sought;
    const needed = new Set(newestOfEach(this.wanted(manifest), manifest).map(({ id }) => id));
    return {
      ...manifest,
      restorePoints: manifest.restorePoints.filter(
        (point) => point.resource.kind !== kind || needed.has(point.id),
      ),
    };
  }

  /** The newer points that were skipped because they are broken, a line each. */
  passedOver(chosen: Manifest): string[] {
    const { kind, at = Number.POSITIVE_INFINITY } = this.#sought;
    const times = pointsOf(chosen, kind).map((point) => Date.parse(takenAt(point, chosen)));
    const newest = Math.max(...times);
    return this.#newestFirst()
      .filter(({ time, state }) => {
        const taken = Date.parse(time);
        return state?.state === 'broken' && taken <= at && taken > newest;
      })
      .map(
        ({ point, name, time, state }) =>
          `restore point ${point} of ${kind} ${quoted(name)}, of ${time}, is skipped: ${state?.why}`,
      );
  }

  /** What there is instead, if nothing was found; empty if there is nothing of the kind. */
  seen(): string {
    const { kind, wanted } = this.#sought;
    const sightings = this.#newestFirst();
    if (sightings.length > 0)
      return `The manifests have ${kind} ${quoted(wanted ?? sightings[0]?.name ?? '')} of: ${told(
        sightings.map(({ time, state }) =>
          state?.state === 'broken' ? `${time} (broken: ${state.why})` : time,
        ),
      )}.`;
    if (this.#others.size === 0) return '';
    return `The manifests have: ${told([...this.#others].map(([id, name]) => `${quoted(name)} (${id})`))}.`;
  }

  #newestFirst(): Sighting[] {
    return [...this.#sightings.values()].flat().sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  }
}

function told(all: readonly string[]): string {
  const more = all.length - MOST_TOLD;
  return [...all.slice(0, MOST_TOLD), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
