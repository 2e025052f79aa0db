/** Where the embedded cloud differs from the real one, and why it may. An entry that no longer differs fails as well. */
export interface Known {
  readonly part: string;
  /** The beginning of the answer's label. */
  readonly label: string;
  /** Where in the answer: `.body.volume.name`. */
  readonly at: string;
  readonly reason: string;
}

export const KNOWN: readonly Known[] = [];
