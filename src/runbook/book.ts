import type { Manifest, RestorePoint, SecretPoint } from '../manifest/schema.ts';

/** The part about one restore point: text and blocks. */
export interface Section {
  readonly title: string;
  /** Markdown, paragraph by paragraph. */
  readonly body: readonly string[];
}

/** Numbers the restore points of a manifest, for their sections and variables. */
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

  /** The shell variable with the id of what a section restores: `VOLUME_2`. */
  variable(kind: RestorePoint['resource']['kind'], pointId: string): string {
    return `${kind.toUpperCase()}_${this.number(pointId)}`;
  }

  /** Undefined if no key was saved. */
  key(pointId: string | undefined): SecretPoint | undefined {
    const point = pointId === undefined ? undefined : this.#points.get(pointId);
    return point?.resource.kind === 'secret' ? (point as SecretPoint) : undefined;
  }
}
