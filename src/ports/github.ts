/**
 * What manifests need from GitHub. `host/github` implements it with the real clients; nothing here or above knows
 * those. What these return was checked field by field, but names in it are still text from others.
 */
export interface GitHub {
  readonly here: Here;
  /** What the input `verdict` says now, such as the state of the job; undefined if it says nothing. */
  readonly verdict: string | undefined;
  /** The workflow's repository as GitHub sees it now: it may have become public since the event. */
  repository(): Promise<Repository>;
  readonly artifacts: Artifacts;
  readonly runs: Runs;
  readonly releases: Releases;
  readonly issues: Issues;
  /** A directory of this step alone, for files on their way. */
  scratch(): Promise<string>;
  /** Kept for the post step; the last value of a name wins. */
  remember(name: string, value: string): void;
}

/** The name under which a step keeps for its post step what that has to end. */
export const KEPT = 'to-end';

/** The running step, as the runner describes it. */
export interface Here {
  /** "owner/name". */
  readonly repository: string;
  readonly repositoryId: number | undefined;
  readonly runId: number;
  readonly attempt: number;
  /** ".github/workflows/backup.yml", without the ref. */
  readonly workflow: string | undefined;
  /** The event that started it, such as "schedule". */
  readonly event: string | undefined;
  /** "refs/heads/main". */
  readonly ref: string | undefined;
  /** Whether the machine and all its files are gone when the job ends. */
  readonly vanishes: boolean;
  /** Days that the repository keeps artifacts, if the runner says so. */
  readonly retentionDays: number | undefined;
}

export interface Repository {
  readonly id: number;
  readonly isPublic: boolean;
  readonly defaultBranch: string;
}

export interface WorkflowRun {
  readonly id: number;
  readonly attempt: number;
  readonly status: string;
  readonly event: string;
  readonly branch: string | undefined;
  /** ".github/workflows/backup.yml", without the ref. */
  readonly workflow: string;
  readonly repositoryId: number;
  /** The repository that the code came from; undefined if it is gone. */
  readonly headRepositoryId: number | undefined;
  /** The commit that it ran. */
  readonly commit: string;
  /** ISO 8601, like the times below. */
  readonly created: string;
  /** When its last attempt started. */
  readonly started: string;
  /** Nothing of it was made after this time. */
  readonly updated: string;
}

export interface Artifact {
  readonly id: number;
  readonly name: string;
  /** Bytes of the archive. */
  readonly size: number;
  readonly expired: boolean;
  /** ISO 8601. */
  readonly expires: string | undefined;
  readonly created: string;
  /** SHA-256 of the archive as GitHub received it, lower-case hex. */
  readonly sha256: string | undefined;
  readonly runId: number | undefined;
}

export interface Artifacts {
  /** Why this step cannot upload an artifact, and what to do; undefined if it can. */
  readonly problem: { readonly what: string; readonly hint: string } | undefined;
  /** @param days 0 for the repository's setting */
  upload(name: string, files: Files, days: number): Promise<{ readonly id: number }>;
  of(run: number): Promise<readonly Artifact[]>;
  /** The newest in the repository. */
  newest(): Promise<readonly Artifact[]>;
  /** The archive. @throws RangeError if it is longer than `limit` bytes */
  download(id: number, limit: number): Promise<Buffer>;
}

export interface Runs {
  get(id: number): Promise<WorkflowRun>;
  /** Whether a branch, and no tag of that name, holds a commit. Asked once for each. */
  isOn(branch: string, commit: string): Promise<boolean>;
  /** Completed runs, newest first; undefined if there is no such workflow. */
  completed(workflow: string, branch: string): Promise<AsyncIterable<readonly WorkflowRun[]> | undefined>;
}

export interface Release {
  readonly id: number;
  readonly tag: string;
  readonly draft: boolean;
  /** When its last part was published: assets may be replaced later. ISO 8601. */
  readonly updated: string;
  readonly url: string;
  readonly assets: readonly Asset[];
}

export interface Asset {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | undefined;
}

export interface Releases {
  byTag(tag: string): Promise<Release | undefined>;
  /** Published releases in GitHub's order, which is that of their commits. */
  published(): AsyncIterable<readonly Release[]>;
  draft(tag: string, title: string, text: string): Promise<Release>;
  get(id: number): Promise<Release>;
  attach(release: number, name: string, bytes: Uint8Array): Promise<void>;
  publish(release: number): Promise<Release>;
  /** Removes the release, but not its tag. */
  remove(release: number): Promise<void>;
  /** @throws RangeError if it is longer than `limit` bytes */
  download(asset: number, limit: number): Promise<Buffer>;
}

export interface Issue {
  readonly number: number;
  readonly body: string;
  readonly url: string;
}

export interface IssueChange {
  readonly title?: string;
  readonly body?: string;
  readonly state?: 'open' | 'closed';
  readonly reason?: 'completed' | 'not_planned';
}

export interface Issues {
  /**
   * The issues that the token's owner wrote and whose text begins with `start`, by number.
   *
   * @param since only those changed since then. ISO 8601
   */
  beginning(
    start: string,
    which: { readonly state: 'open' | 'closed'; readonly since?: string },
  ): Promise<readonly Issue[]>;
  open(title: string, body: string): Promise<Issue>;
  change(number: number, change: IssueChange): Promise<Issue>;
}

/** File names without directories, and their bytes. */
export type Files = Readonly<Record<string, Uint8Array>>;
