/** The services behind ACTIONS_RESULTS_URL: artifacts (v4) and caches (v2), as Twirp with JSON; and identity tokens. */
import type { Call, Fields, Reply } from './http.ts';
import { fieldsOf, Refusal } from './http.ts';
import { type GitHubState, sha256 } from './state.ts';

const PREFIX = '/twirp/github.actions.results.api.v1.';

export function results(call: Call): Reply | undefined {
  if (call.path === '/oidc') return identity(call);
  if (!call.path.startsWith(PREFIX)) return undefined;
  if (call.headers.authorization !== `Bearer ${call.tokens.runtime}`)
    return twirp(401, 'unauthenticated', 'the runtime token is not valid');
  const [service = '', method = ''] = call.path.slice(PREFIX.length).split('/');
  const handler = HANDLERS[`${service}/${method}`];
  if (handler === undefined) return twirp(404, 'bad_route', `no handler for ${call.path}`);
  return { status: 200, json: handler(call, fieldsOf(call.raw)) };
}

function twirp(status: number, code: string, msg: string): Reply {
  return { status, json: { code, msg } };
}

function identity({ state, tokens, headers, query }: Call): Reply {
  if (headers.authorization !== `Bearer ${tokens.identity}` || state.permissions['id-token'] !== 'write')
    return { status: 403, json: { message: 'forbidden' } };
  // https://docs.github.com/actions/reference/security/oidc#example-subject-claims
  const of =
    state.environment === undefined
      ? `ref:refs/heads/${state.defaultBranch}`
      : `environment:${state.environment}`;
  const claims = {
    aud: query.get('audience'),
    sub: `repo:${state.owner}/${state.name}:${of}`,
    repository_id: String(state.repositoryId),
  };
  return { status: 200, json: { value: unsigned(claims) } };
}

/** A JWT that nobody signed. */
export function unsigned(claims: Fields): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** Clients send proto's names or JSON's, both are right. */
function field(from: Fields, name: string): unknown {
  return from[name] ?? from[name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())];
}

function runOf(body: Fields): number {
  // The backend's id of a run is opaque; ours ends with its number.
  return Number(String(field(body, 'workflow_run_backend_id')).split('-').at(-1));
}

const HANDLERS: Readonly<Record<string, (call: Call, body: Fields) => unknown>> = {
  'ArtifactService/CreateArtifact': ({ state, origin }, body) => {
    const [run, name] = [runOf(body), String(field(body, 'name'))];
    if (state.artifacts.some((artifact) => artifact.runId === run && artifact.name === name))
      throw new Refusal(
        twirp(409, 'already_exists', 'an artifact with this name already exists on the workflow run'),
      );
    const secret = state.signedUpload();
    state.uploading.set(`${run}/${name}`, secret);
    return { ok: true, signed_upload_url: `${origin}/blob/in/artifact?sig=${secret}` };
  },
  'ArtifactService/FinalizeArtifact': ({ state }, body) => {
    const [run, name] = [runOf(body), String(field(body, 'name'))];
    const archive = state.uploads.get(state.uploading.get(`${run}/${name}`) ?? '')?.bytes;
    if (archive === undefined) throw new Refusal(twirp(400, 'invalid_argument', 'nothing was uploaded'));
    if (Number(field(body, 'size')) !== archive.length)
      throw new Refusal(twirp(400, 'invalid_argument', 'the size is not that of the blob'));
    const known = state.runs.find(({ id }) => id === run) ?? state.addRun({ id: run, status: 'in_progress' });
    const now = new Date();
    const artifact = state.addArtifact(known, archive, {
      name,
      created: now,
      expires: new Date(now.getTime() + 90 * 86_400_000),
      digest: `sha256:${sha256(archive)}`,
    });
    return { ok: true, artifact_id: String(artifact.id) };
  },
  'ArtifactService/ListArtifacts': ({ state }, body) => ({
    artifacts: state.artifacts
      .filter(({ runId, expired }) => runId === runOf(body) && !expired)
      .map(({ id, name, archive, created, digest, runId }) => ({
        workflow_run_backend_id: `run-${runId}`,
        workflow_job_run_backend_id: 'job-1',
        database_id: String(id),
        name,
        size: String(archive.length),
        created_at: created.toISOString(),
        digest,
      })),
  }),
  'ArtifactService/GetSignedArtifactURL': ({ state, origin }, body) => {
    const name = String(field(body, 'name'));
    const artifact = state.artifacts.find((each) => each.name === name && each.runId === runOf(body));
    if (artifact === undefined) throw new Refusal(twirp(404, 'not_found', 'no such artifact'));
    return {
      signed_url: `${origin}/blob/out/artifact.zip?sig=${state.signedDownload(artifact.archive, 'application/zip')}`,
    };
  },
  'CacheService/CreateCacheEntry': ({ state, origin }, body) => {
    const [key, version] = [String(field(body, 'key')), String(field(body, 'version'))];
    if (state.readOnlyCache)
      return { ok: false, message: 'cache write denied: the token of this run is read-only' };
    if (state.caches.some((entry) => entry.key === key && entry.version === version))
      throw new Refusal(
        twirp(409, 'already_exists', 'cache entry with the same key, version, and scope already exists'),
      );
    const secret = state.signedUpload();
    state.uploading.set(`${key}\n${version}`, secret);
    return { ok: true, signed_upload_url: `${origin}/blob/in/cache?sig=${secret}` };
  },
  'CacheService/FinalizeCacheEntryUpload': ({ state }, body) => {
    const [key, version] = [String(field(body, 'key')), String(field(body, 'version'))];
    const bytes = state.uploads.get(state.uploading.get(`${key}\n${version}`) ?? '')?.bytes;
    if (bytes === undefined) throw new Refusal(twirp(400, 'invalid_argument', 'nothing was uploaded'));
    const id = state.id();
    state.caches.push({ id, key, version, bytes });
    return { ok: true, entry_id: String(id) };
  },
  'CacheService/GetCacheEntryDownloadURL': ({ state, origin }, body) => {
    const entry = findCache(state, body);
    if (entry === undefined) return { ok: false };
    const secret = state.signedDownload(entry.bytes, 'application/octet-stream');
    return {
      ok: true,
      signed_download_url: `${origin}/blob/out/cache?sig=${secret}`,
      matched_key: entry.key,
    };
  },
};

/** The key itself, else the newest that one of the others is the start of. */
function findCache(state: GitHubState, body: Fields): GitHubState['caches'][number] | undefined {
  const version = String(field(body, 'version'));
  const entries = state.caches.filter((entry) => entry.version === version).reverse();
  const exact = entries.find(({ key }) => key === field(body, 'key'));
  if (exact !== undefined) return exact;
  const prefixes = (field(body, 'restore_keys') ?? []) as string[];
  return entries.find(({ key }) => prefixes.some((prefix) => key.startsWith(prefix)));
}
