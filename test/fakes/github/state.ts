/** What GitHub knows of one repository. Tests put things in, and look at what a step has done. */
import { createHash, randomUUID } from 'node:crypto';
import { zip } from './zip.ts';

export interface Run {
  id: number;
  attempt: number;
  status: string;
  conclusion: string | null;
  event: string;
  branch: string;
  /** What it ran. */
  commit: string;
  /** ".github/workflows/backup.yml" */
  path: string;
  headRepositoryId: number | null;
  started: Date;
}

export interface Artifact {
  id: number;
  name: string;
  runId: number;
  archive: Buffer;
  created: Date;
  expires: Date;
  expired: boolean;
  /** As GitHub noted it at the upload; null as for old artifacts. */
  digest: string | null;
  /** What GitHub says of its size, where that is wrong. */
  claims?: number;
}

export interface Asset {
  id: number;
  name: string;
  bytes: Buffer;
  state: 'uploaded' | 'starter';
  digest: string | null;
}

export interface Release {
  id: number;
  tag: string;
  name: string;
  draft: boolean;
  prerelease: boolean;
  makeLatest: string;
  immutable: boolean;
  created: Date;
  published: Date | null;
  assets: Asset[];
}

export interface Issue {
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  reason: string | null;
  user: { login: string; type: 'User' | 'Bot' } | null;
  isPull: boolean;
  updated: Date;
}

export interface CacheEntry {
  id: number;
  key: string;
  version: string;
  bytes: Buffer;
}

export interface Upload {
  blocks: Map<string, Buffer>;
  bytes: Buffer | undefined;
}

export class GitHubState {
  readonly owner = 'acme';
  readonly name = 'infra';
  readonly repositoryId = 4711;
  isPrivate = true;
  defaultBranch = 'main';
  /** The commits of each branch, the oldest first. */
  readonly branches = new Map<string, string[]>([['main', [sha1('root'), sha1('tip of main')]]]);
  readonly tags = new Map<string, string>();
  readonly runs: Run[] = [];
  readonly artifacts: Artifact[] = [];
  readonly releases: Release[] = [];
  readonly caches: CacheEntry[] = [];
  readonly issues: Issue[] = [];
  hasIssues = true;
  /** Of whom the token is; undefined: the app of the job. */
  tokenUser: string | undefined;
  /** The secrets of uploads that are not finished, by what they are for. */
  readonly uploading = new Map<string, string>();
  /** What signed URLs lead to, by their secret. */
  readonly uploads = new Map<string, Upload>();
  readonly downloads = new Map<string, { readonly bytes: Buffer; readonly type: string }>();
  /** What the job's token may do; what is not here is refused. */
  permissions: Record<string, 'read' | 'write'> = { actions: 'read', contents: 'write', 'id-token': 'write' };
  /** That the job names; undefined: none. */
  environment: string | undefined = undefined;
  /** As for runs of untrusted triggers: the cache service refuses to keep anything. */
  readOnlyCache = false;
  #id = 1000;

  id(): number {
    this.#id += 1;
    return this.#id;
  }

  addRun(fields: Partial<Run> = {}): Run {
    const run: Run = {
      id: this.id(),
      attempt: 1,
      status: 'completed',
      conclusion: 'success',
      event: 'schedule',
      branch: this.defaultBranch,
      commit: this.branches.get(fields.branch ?? this.defaultBranch)?.at(-1) ?? sha1('of no branch'),
      path: '.github/workflows/backup.yml',
      headRepositoryId: this.repositoryId,
      started: new Date(Date.now() - 3_600_000),
      ...fields,
    };
    this.runs.push(run);
    return run;
  }

  /** As git resolves a name: a commit, a tag, then a branch. */
  commitOf(name: string): string | undefined {
    const all = [...this.branches.values()].flat().concat(...this.tags.values());
    return all.includes(name) ? name : (this.tags.get(name) ?? this.branches.get(name)?.at(-1));
  }

  addArtifact(
    run: Run,
    files: Readonly<Record<string, string | Uint8Array>> | Buffer,
    fields: Partial<Artifact> = {},
  ): Artifact {
    const archive = Buffer.isBuffer(files)
      ? files
      : zip(Object.entries(files).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) })));
    const created = new Date(Math.max(run.started.getTime() + 60_000, 0));
    const artifact: Artifact = {
      id: this.id(),
      name: `openstack-backup-${run.id}-1-${randomUUID().slice(0, 8)}`,
      runId: run.id,
      archive,
      created,
      expires: new Date(created.getTime() + 90 * 86_400_000),
      expired: false,
      digest: `sha256:${sha256(archive)}`,
      ...fields,
    };
    this.artifacts.push(artifact);
    return artifact;
  }

  addRelease(
    tag: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    fields: Partial<Release> = {},
  ): Release {
    const now = new Date();
    const release: Release = {
      id: this.id(),
      tag,
      name: tag,
      draft: false,
      prerelease: true,
      makeLatest: 'false',
      immutable: true,
      created: now,
      published: now,
      assets: Object.entries(files).map(([name, bytes]) => this.asset(name, Buffer.from(bytes))),
      ...fields,
    };
    this.releases.push(release);
    return release;
  }

  asset(name: string, bytes: Buffer): Asset {
    return { id: this.id(), name, bytes, state: 'uploaded', digest: `sha256:${sha256(bytes)}` };
  }

  addIssue(fields: Partial<Issue> = {}): Issue {
    const issue: Issue = {
      number: this.issues.length + 1,
      title: 'Something else',
      body: null,
      state: 'open',
      reason: null,
      user:
        this.tokenUser === undefined
          ? { login: 'github-actions[bot]', type: 'Bot' }
          : { login: this.tokenUser, type: 'User' },
      isPull: false,
      updated: new Date(),
      ...fields,
    };
    this.issues.push(issue);
    return issue;
  }

  signedDownload(bytes: Buffer, type: string): string {
    const secret = randomUUID();
    this.downloads.set(secret, { bytes, type });
    return secret;
  }

  signedUpload(): string {
    const secret = randomUUID();
    this.uploads.set(secret, { blocks: new Map(), bytes: undefined });
    return secret;
  }
}

/** A commit's id. */
export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
