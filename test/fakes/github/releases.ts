/** Releases: drafts, assets, publishing; what is published here takes no asset any more, as an immutable release. */
import type { Call, Reply } from './http.ts';
import { fieldsOf, match } from './http.ts';
import { need, slice } from './rules.ts';
import type { Asset, GitHubState, Release } from './state.ts';

export function releases(call: Call, home: string): Reply | undefined {
  const upload = match('/uploads/:id/assets', call.path);
  if (upload !== undefined) return take(call, Number(upload['id']));
  if (!call.path.startsWith(`${home}/releases`)) return undefined;
  const path = call.path.slice(home.length);
  need(call, 'contents', call.method === 'GET' ? 'read' : 'write');
  const asset = match('/releases/assets/:id', path);
  if (asset !== undefined) return assetReply(call, Number(asset['id']));
  const tag = match('/releases/tags/:tag', path);
  if (tag !== undefined)
    return one(
      call,
      call.state.releases.find((each) => each.tag === tag['tag'] && !each.draft),
    );
  const id = match('/releases/:id', path);
  if (id !== undefined) return change(call, Number(id['id']));
  if (path !== '/releases') return undefined;
  return call.method === 'POST' ? create(call) : list(call);
}

function list(call: Call): Reply {
  // A token that may not write sees no drafts.
  const seen = call.state.releases.filter(
    ({ draft }) => !draft || call.state.permissions['contents'] === 'write',
  );
  return { status: 200, json: slice(call.query, [...seen].reverse()).map((release) => view(call, release)) };
}

function create(call: Call): Reply {
  const body = fieldsOf(call.raw);
  const release: Release = {
    id: call.state.id(),
    tag: String(body['tag_name']),
    name: String(body['name']),
    draft: body['draft'] === true,
    prerelease: body['prerelease'] === true,
    makeLatest: String(body['make_latest'] ?? 'true'),
    immutable: body['draft'] !== true,
    created: new Date(),
    published: body['draft'] === true ? null : new Date(),
    assets: [],
  };
  call.state.releases.push(release);
  return { status: 201, json: view(call, release) };
}

function change(call: Call, id: number): Reply {
  const { state } = call;
  const release = state.releases.find((each) => each.id === id);
  if (release === undefined) return NOT_FOUND;
  if (call.method === 'DELETE') {
    state.releases.splice(state.releases.indexOf(release), 1);
    return { status: 204 };
  }
  if (call.method !== 'PATCH') return one(call, release);
  const body = fieldsOf(call.raw);
  if (body['draft'] === false && release.draft) {
    if (state.releases.some((each) => each !== release && each.tag === release.tag && !each.draft))
      return invalid('tag_name', 'already_exists');
    release.draft = false;
    release.immutable = true;
    release.published = new Date();
  }
  release.makeLatest = String(body['make_latest'] ?? release.makeLatest);
  return one(call, release);
}

function take(call: Call, id: number): Reply {
  need(call, 'contents', 'write');
  const release = call.state.releases.find((each) => each.id === id);
  if (release === undefined) return NOT_FOUND;
  if (release.immutable)
    return { status: 422, json: { message: 'Cannot upload assets to an immutable release.' } };
  const name = call.query.get('name') ?? '';
  if (release.assets.some((asset) => asset.name === name)) return invalid('name', 'already_exists');
  const asset = call.state.asset(name, call.raw);
  release.assets.push(asset);
  return { status: 201, json: assetView(asset) };
}

function assetReply(call: Call, id: number): Reply {
  const release = call.state.releases.find(({ assets }) => assets.some((asset) => asset.id === id));
  const asset = release?.assets.find((each) => each.id === id);
  if (release === undefined || asset === undefined) return NOT_FOUND;
  if (call.method === 'DELETE') {
    release.assets.splice(release.assets.indexOf(asset), 1);
    return { status: 204 };
  }
  if (call.headers.accept !== 'application/octet-stream') return { status: 200, json: assetView(asset) };
  const secret = call.state.signedDownload(asset.bytes, 'application/octet-stream');
  const location = `${call.origin.replace('127.0.0.1', 'localhost')}/blob/out/asset?sig=${secret}`;
  return { status: 302, headers: { location } };
}

const NOT_FOUND: Reply = { status: 404, json: { message: 'Not Found' } };

function invalid(field: string, code: string): Reply {
  return {
    status: 422,
    json: { message: 'Validation Failed', errors: [{ resource: 'Release', field, code }] },
  };
}

function one(call: Call, release: Release | undefined): Reply {
  return release === undefined ? NOT_FOUND : { status: 200, json: view(call, release) };
}

function view({ origin, state }: Call, release: Release): unknown {
  return {
    id: release.id,
    tag_name: release.tag,
    name: release.name,
    draft: release.draft,
    prerelease: release.prerelease,
    immutable: release.immutable,
    created_at: release.created.toISOString(),
    published_at: release.published?.toISOString() ?? null,
    html_url: page(state, release),
    upload_url: `${origin}/uploads/${release.id}/assets{?name,label}`,
    assets: release.assets.map((asset) => ({
      ...assetView(asset),
      updated_at: (release.published ?? release.created).toISOString(),
    })),
  };
}

function page({ owner, name }: GitHubState, { tag }: Release): string {
  return `https://github.com/${owner}/${name}/releases/tag/${tag}`;
}

function assetView({ id, name, bytes, state, digest }: Asset): object {
  return { id, name, size: bytes.length, state, digest };
}
