import type { Manifest, RestorePoint, SecretPoint } from '../manifest/schema.ts';

/** One restore point's part: what is said of it, and its blocks. */
export interface Section {
  readonly title: string;
  /** Markdown, paragraph by paragraph. */
  readonly body: readonly string[];
}

/** The restore points of a manifest by their place, which numbers their sections and variables. */
export class Book {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #points: ReadonlyMap<string, RestorePoint>;

  constructor({ restorePoints }: Manifest) {
    this.#numbers = new Map(restorePoints.map(({ id }, index) => [id, index + 1]));
    this.#points = new Map(restorePoints.map((point) => [point.id, point]));
  }

  number(pointId: string): number {
    const number = this.#numbers.get(pointId);
    if (number === undefined) throw new TypeError(`restore point ${pointId} is not in the manifest`);
    return number;
  }

  /** The shell's variable with the id of what a section brings back: `VOLUME_2`. */
  variable(kind: RestorePoint['resource']['kind'], pointId: string): string {
    return `${kind.toUpperCase()}_${this.number(pointId)}`;
  }

  /** A saved key; undefined if none was saved. */
  key(pointId: string | undefined): SecretPoint | undefined {
    const point = pointId === undefined ? undefined : this.#points.get(pointId);
    return point?.resource.kind === 'secret' ? (point as SecretPoint) : undefined;
  }
}
