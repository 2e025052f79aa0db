import { objectIn } from '../../decode.ts';
import type { Held } from '../../drill/held.ts';
import type { Phases } from '../../drill/stopwatch.ts';
import type { DrilledPoint, Manifest } from '../../manifest/schema.ts';

/** What a drill with `hold` keeps for its post step. Has no secret: the runner shows it to nobody, but stores it in clear. */
export interface HeldState {
  /** The id of the project that everything is in. */
  readonly project: string;
  /** For messages, as `drilledPoint` says it. */
  readonly called: string;
  /** Of the records of all that was made. */
  readonly tags: readonly string[];
  /** Undefined: the step was ended before the server stood. */
  readonly held?: HeldDrill;
}

export interface HeldDrill {
  readonly server: Held;
  readonly of: Pick<DrilledPoint, 'point' | 'resource'>;
  readonly seed: number;
  readonly seconds: Phases;
  /** When the run began. ISO 8601. */
  readonly started: string;
  /** Where the result goes; undefined if nobody would believe it. */
  readonly record: { readonly cloud: Manifest['cloud']; readonly places: readonly string[] } | undefined;
}

/** @returns undefined for what no step of ours wrote */
export function parseHeld(text: string): HeldState | undefined {
  const value = objectIn(text) ?? {};
  const { project, called, tags, held } = value;
  const isText = (one: unknown) => typeof one === 'string';
  if (!isText(project) || !isText(called) || !Array.isArray(tags) || !tags.every(isText)) return undefined;
  // The rest is read only where the step came to its end, and wrote all of it.
  if (held !== undefined && (typeof held !== 'object' || held === null)) return undefined;
  return value as unknown as HeldState;
}
