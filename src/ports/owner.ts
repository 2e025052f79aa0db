/**
 * Who made a temporary, as one word in its record, so that a later run can find out whether the maker still lives:
 * `github:<repository>:<run>:<attempt>` or `host:<machine>:<boot>:<process namespace>:<pid>:<start>`.
 */
export type Owner = WorkflowOwner | ProcessOwner;

export interface WorkflowOwner {
  readonly kind: 'github';
  readonly repository: string;
  readonly run: string;
  readonly attempt: string;
}

export interface ProcessOwner {
  readonly kind: 'host';
  /** Digest of the machine's id and name, for a person to compare: nothing else relies on it. */
  readonly machine: string;
  readonly boot: string;
  /** Containers on one machine share its boot, but have process ids of their own. */
  readonly namespace: string;
  readonly pid: number;
  /** Clock ticks since boot: a process id is reused, this pair is not. */
  readonly start: string;
}

/** Whether the maker lives: it surely ended, it surely lives, or we cannot see it from here. */
export type Liveness = 'ended' | 'alive' | 'unknown';

export function formatOwner(owner: Owner): string {
  return owner.kind === 'github'
    ? `github:${owner.repository}:${owner.run}:${owner.attempt}`
    : `host:${owner.machine}:${owner.boot}:${owner.namespace}:${owner.pid}:${owner.start}`;
}

export function parseOwner(text: string): Owner | undefined {
  const github = /^github:([\w.-]+\/[\w.-]+):(\d+):(\d+)$/.exec(text);
  if (github !== null) {
    const [, repository = '', run = '', attempt = ''] = github;
    return { kind: 'github', repository, run, attempt };
  }
  const host = /^host:([\w-]+):([\w-]+):([\w-]+):(\d+):(\d+)$/.exec(text);
  if (host === null) return undefined;
  const [, machine = '', boot = '', namespace = '', pid = '', start = ''] = host;
  return { kind: 'host', machine, boot, namespace, pid: Number(pid), start };
}

/**
 * Liveness of a process as seen from this one: only known under the same boot and in the same process namespace. A
 * machine's id and name prove nothing: slim containers have empty ones, and clones of an image share them. So what a
 * machine left before a reboot waits until its records expire.
 *
 * @param startOf the start of a process on this machine; undefined if no process has that id
 */
export function livenessOfProcess(
  owner: ProcessOwner,
  here: ProcessOwner,
  startOf: (pid: number) => string | undefined,
): Liveness {
  const seen =
    isKnown(here.boot) &&
    owner.boot === here.boot &&
    isKnown(here.namespace) &&
    owner.namespace === here.namespace &&
    // Without /proc, nothing is known about processes.
    owner.start !== '0';
  if (!seen) return 'unknown';
  return startOf(owner.pid) === owner.start ? 'alive' : 'ended';
}

function isKnown(word: string): boolean {
  return !['', 'unknown', 'none'].includes(word);
}

/**
 * Whether a later run may touch what a run left: its maker ended, or nobody can see the maker and its record has
 * expired.
 *
 * @param expires milliseconds since the epoch, by the cloud's clock; NaN for never
 * @param now milliseconds since the epoch, by the cloud's clock
 */
export function isAbandoned(liveness: Liveness, expires: number, now: number): boolean {
  return liveness === 'unknown' ? expires < now : liveness === 'ended';
}

/** A run among all that may work on the project. */
export interface RunIdentity {
  /** UUID. */
  readonly id: string;
  /** An {@link Owner} as one word. */
  readonly owner: string;
}
