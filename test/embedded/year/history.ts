import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { takenAt } from '../../../src/catalog/times.ts';
import type { Manifest, RestorePoint } from '../../../src/manifest/schema.ts';

/** A restore point, as its run's manifest told of it that night. */
export interface Told {
  readonly id: string;
  readonly kind: RestorePoint['resource']['kind'];
  readonly resource: string;
  readonly name: string;
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  readonly chain: string | undefined;
  /** Of a backup its id, of a payload its name; undefined for a server. */
  readonly data: string | undefined;
  /** Points that a restore of it needs: disks and keys. */
  readonly needs: readonly string[];
  /** Where its manifest was. */
  readonly manifest: string;
}

/** All points that were ever saved, whatever became of them. */
export class History {
  readonly points = new Map<string, Told>();
  readonly #read = new Set<string>();
  readonly #directory: string;

  /** @param directory that runs publish to */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads what is new: each manifest once, as a later run may delete it. */
  async read(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (this.#read.has(name)) continue;
      const text = await readFile(join(this.#directory, name, 'manifest.json'), 'utf8').catch(
        () => undefined,
      );
      if (text === undefined) continue;
      this.#read.add(name);
      const manifest = JSON.parse(text) as Manifest;
      for (const point of manifest.restorePoints)
        this.points.set(point.id, toldBy(point, manifest, join(this.#directory, name)));
    }
  }
}

function toldBy(point: RestorePoint, manifest: Manifest, directory: string): Told {
  const { id, resource } = point;
  const key = 'encryption' in resource ? resource.encryption?.key.point : undefined;
  const disks = point.method === 'disks' ? point.resource.disks.map((disk) => disk.point) : [];
  return {
    id,
    kind: resource.kind,
    resource: resource.id,
    name: resource.name,
    time: Date.parse(takenAt(point, manifest)),
    chain: point.method === 'cinder-backup' ? `${resource.id} ${point.chain.id}` : undefined,
    data: dataOf(point),
    needs: [...disks, ...(key === undefined ? [] : [key])],
    manifest: directory,
  };
}

function dataOf(point: RestorePoint): string | undefined {
  if (point.method === 'cinder-backup') return point.backup.id;
  return 'payload' in point ? point.payload?.name : undefined;
}
