/**
 * Who made a temporary, as one word in its metadata, so that a later run can find out whether the maker still lives:
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
  /** Digest of the machine's id and name, for a person to compare: nothing is concluded from it. */
  readonly machine: string;
  readonly boot: string;
  /** Containers of one machine share its boot and have process ids of their own. */
  readonly namespace: string;
  readonly pid: number;
  /** Clock ticks from boot: a process id is used again, the pair is not. */
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
 * Liveness of a process, as seen from this one: only of those that run under the very kernel and in the very process
 * namespace that this one runs in. A machine's id and name prove nothing: they are empty in slim containers, and cloned
 * with images. So what a machine left before it started anew waits until its records end.
 *
 * @param startOf the start of a process of this machine; undefined when there is none with that id
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
    // Where there is no /proc, nothing can be known of processes.
    owner.start !== '0';
  if (!seen) return 'unknown';
  return startOf(owner.pid) === owner.start ? 'alive' : 'ended';
}

function isKnown(word: string): boolean {
  return !['', 'unknown', 'none'].includes(word);
}

/**
 * Whether what a run left may be touched: its maker ended, or nobody can see the maker and the time that it gave
 * itself is over.
 *
 * @param expires the cloud's time, milliseconds since the epoch; NaN for never
 * @param now the cloud's time, milliseconds since the epoch
 */
export function isAbandoned(liveness: Liveness, expires: number, now: number): boolean {
  return liveness === 'unknown' ? expires < now : liveness === 'ended';
}

/** A run among all that may be working on the project. */
export interface RunIdentity {
  /** UUID. */
  readonly id: string;
  /** An {@link Owner} as one word. */
  readonly owner: string;
}
