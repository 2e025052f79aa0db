import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest, RestorePoint } from '../../../src/manifest/schema.ts';

/** A drill, as its record told of it. */
export interface Drill {
  /** "volume 5f2c…". */
  readonly of: string;
  readonly point: string;
  /** When the data of the point was taken. Milliseconds. */
  readonly taken: number;
  readonly level: string;
  readonly passed: boolean;
  readonly reached: string;
  /** Milliseconds. */
  readonly time: number;
  /** Until it was restored; undefined if nothing was. */
  readonly seconds: number | undefined;
}

/** A restore point that was saved once. */
export interface Saved {
  readonly of: string;
  readonly name: string;
  /** When its run began. Milliseconds. */
  readonly time: number;
  /** A server's disk, or the key of a disk: it goes with that. */
  readonly isPart: boolean;
}

/** All that manifests ever said, whatever became of them: read anew each night, told by nothing of the product. */
export class Records {
  readonly points = new Map<string, Saved>();
  readonly #read = new Map<string, Manifest>();
  readonly #directory: string;

  /** @param directory that runs publish to */
  constructor(directory: string) {
    this.#directory = directory;
  }

  async read(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (this.#read.has(name)) continue;
      const path = join(this.#directory, name, 'manifest.json');
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const manifest = JSON.parse(text) as Manifest;
      this.#read.set(name, manifest);
      const parts = new Set(manifest.restorePoints.flatMap(partsOf));
      for (const { id, resource } of manifest.restorePoints)
        this.points.set(id, {
          of: `${resource.kind} ${resource.id}`,
          name: resource.name,
          time: Date.parse(manifest.run.started),
          isPart: parts.has(id),
        });
    }
  }

  /** Its record was lost: nobody knows of it any more. */
  forget(name: string): void {
    this.#read.delete(name);
  }

  get drills(): readonly Drill[] {
    return [...this.#read.values()].flatMap(({ drilled = [] }) =>
      drilled.map((one): Drill => {
        const saved = this.points.get(one.point);
        const { found = 0, restored, booted = 0 } = one.seconds;
        return {
          of: saved?.of ?? '',
          point: one.point,
          taken: saved?.time ?? 0,
          level: one.level,
          passed: one.result === 'passed',
          reached: one.reached ?? '',
          time: Date.parse(one.time),
          seconds: restored === undefined ? undefined : found + restored + booted,
        };
      }),
    );
  }
}

function partsOf({ resource }: RestorePoint): string[] {
  const key = 'encryption' in resource ? resource.encryption?.key.point : undefined;
  const disks = 'disks' in resource ? resource.disks.map(({ point }) => point) : [];
  return [...disks, ...(key === undefined ? [] : [key])];
}

/** Of drills of one resource: when it was last proved by one that no failure took back. Milliseconds. */
export function lastProof(drills: readonly Drill[]): number | undefined {
  const standing = drills.filter(
    (one) =>
      one.passed &&
      !drills.some((other) => !other.passed && other.point === one.point && other.time >= one.time),
  );
  return standing.length === 0 ? undefined : Math.max(...standing.map(({ time }) => time));
}

/** Nearest rank: the least of the values that at least so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const least = values.filter(
    (value) => 100 * values.filter((other) => other <= value).length >= percent * values.length,
  );
  return Math.min(...least);
}

/** Of each depth, the point with the newest data that drills proved so deep; what must not be pruned. */
export function newestProved(drills: readonly Drill[]): Set<string> {
  const best = new Map<string, Drill>();
  for (const one of drills) {
    const isTakenBack = drills.some(
      (other) => !other.passed && other.point === one.point && other.time >= one.time,
    );
    if (!one.passed || isTakenBack) continue;
    for (const depth of ['L1b', 'L2', 'L3', 'L4', 'L5'].filter((level) => level <= one.reached)) {
      const key = `${one.of} ${depth}`;
      if (one.taken >= (best.get(key)?.taken ?? 0)) best.set(key, one);
    }
  }
  return new Set([...best.values()].map(({ point }) => point));
}

/** Of moments in order, the longest time between two, and before the first and after the last. */
export function longestWait(times: readonly number[], from: number, to: number): number {
  const all = [from, ...times.toSorted((a, b) => a - b), to];
  return Math.max(...all.slice(1).map((time, nth) => time - (all[nth] ?? 0)));
}
