/**
 * What manifests need of GitHub. `host/github` has it from the real clients; nothing here or above knows those.
 * Whatever these return was read field by field; it is still text of others where it is a name.
 */
export interface GitHub {
  readonly here: Here;
  /** The repository that the workflow runs in, as GitHub says it now: it may have become public since the event. */
  repository(): Promise<Repository>;
  readonly artifacts: Artifacts;
  readonly runs: Runs;
  readonly releases: Releases;
  readonly issues: Issues;
  readonly cache: DirectoryCache;
  /** A directory of this step alone, for what is on its way. */
  scratch(): Promise<string>;
  /** Kept for the step's post; the last value of a name wins. */
  remember(name: string, value: string): void;
}

/** The step that runs, as the runner describes it. */
export interface Here {
  /** "owner/name". */
  readonly repository: string;
  readonly repositoryId: number | undefined;
  readonly runId: number;
  readonly attempt: number;
  /** ".github/workflows/backup.yml", without the ref. */
  readonly workflow: string | undefined;
  /** What started it: "schedule". */
  readonly event: string | undefined;
  /** "refs/heads/main". */
  readonly ref: string | undefined;
  /** Whether the machine, and all files on it, are gone when the job ends. */
  readonly vanishes: boolean;
  /** Days that the repository keeps artifacts, where it says so. */
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
  /** Where the code came from that ran; undefined if that repository is gone. */
  readonly headRepositoryId: number | undefined;
  /** The commit that it ran. */
  readonly commit: string;
  /** ISO 8601, as all that follow. */
  readonly created: string;
  /** When its last attempt started. */
  readonly started: string;
  /** Nothing of it was made later. */
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
  /** SHA-256 of the archive as GitHub got it, lower-case hex. */
  readonly sha256: string | undefined;
  readonly runId: number | undefined;
}

export interface Artifacts {
  /** Why this step cannot upload one, with what to do; undefined when it can. */
  readonly problem: { readonly what: string; readonly hint: string } | undefined;
  /** @param days 0 for what the repository says */
  upload(name: string, files: Files, days: number): Promise<{ readonly id: number }>;
  of(run: number): Promise<readonly Artifact[]>;
  /** The newest of the repository. */
  newest(): Promise<readonly Artifact[]>;
  /** The archive. @throws RangeError when it is longer than `limit` bytes */
  download(id: number, limit: number): Promise<Buffer>;
}

export interface Runs {
  get(id: number): Promise<WorkflowRun>;
  /** Whether a branch, and no tag of that name, holds a commit. Asked once for each. */
  isOn(branch: string, commit: string): Promise<boolean>;
  /** Those that are over, newest first; undefined when there is no such workflow. */
  completed(workflow: string, branch: string): Promise<AsyncIterable<readonly WorkflowRun[]> | undefined>;
}

export interface Release {
  readonly id: number;
  readonly tag: string;
  readonly draft: boolean;
  /** When the last of it was published: its assets may be replaced later. ISO 8601. */
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
  /** Published ones, in GitHub's order, which is that of the commits that they are of. */
  published(): AsyncIterable<readonly Release[]>;
  draft(tag: string, title: string, text: string): Promise<Release>;
  get(id: number): Promise<Release>;
  attach(release: number, name: string, bytes: Uint8Array): Promise<void>;
  publish(release: number): Promise<Release>;
  /** Its tag stays. */
  remove(release: number): Promise<void>;
  /** @throws RangeError when it is longer than `limit` bytes */
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
   * Those that the token's owner wrote and whose text begins so, by number.
   *
   * @param since changed since then. ISO 8601
   */
  beginning(
    start: string,
    which: { readonly state: 'open' | 'closed'; readonly since?: string },
  ): Promise<readonly Issue[]>;
  open(title: string, body: string): Promise<Issue>;
  change(number: number, change: IssueChange): Promise<Issue>;
}

/** A directory that GitHub may keep from one run to the next, or lose. Both only ever fail to a log line. */
export interface DirectoryCache {
  readonly path: string;
  restore(key: string, prefix: string): Promise<void>;
  save(key: string): Promise<void>;
}

/** File names without directories, and their bytes. */
export type Files = Readonly<Record<string, Uint8Array>>;
