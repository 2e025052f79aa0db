import type { DrilledPoint } from '../manifest/schema.ts';
import type { Held } from './held.ts';

export type DrillLevel = DrilledPoint['level'];

/** What a drill showed. */
export interface Finding {
  /** null: not proved. */
  readonly reached: DrilledPoint['reached'];
  /** In words. */
  readonly seen: readonly string[];
  /** Bytes that were read. */
  readonly size: number;
  /** Whether the saved key was seen to open the data. */
  readonly keyProved: boolean;
  /** Of what came back, where nobody knew it beforehand. */
  readonly digest?: DrilledPoint['digest'];
  /** Why it is not proved; undefined if it is. */
  readonly why?: string;
  /** Whether only the way back failed, and nothing was seen that is wrong with the data. Counts for a drill by hand. */
  readonly isOfWay?: boolean;
  /** Why it is neither proved nor refuted. */
  readonly undecided?: string;
  /** The last lines of a console: told, but not recorded, since a guest may write secrets there. */
  readonly console?: readonly string[];
  /** A server that stands: what it proves, nobody knows yet. */
  readonly held?: Held;
  /** Of a server: what it shows of the restore points of its disks. */
  readonly disks?: readonly DiskFinding[];
}

export interface DiskFinding {
  /** The restore point's id. */
  readonly point: string;
  readonly resource: NonNullable<DrilledPoint['resource']>;
  readonly finding: Finding;
  readonly seconds: DrilledPoint['seconds'];
}
