import { integer, type Json, list, moment, object, optionalMoment, text } from '../../decode.ts';
import { InputError } from '../../errors.ts';
import type { Release } from '../../ports/github.ts';
import { statusOf } from './errors.ts';
import type { Rest } from './rest.ts';
import { digestOf } from './runs.ts';

const WRITE = 'contents: write';
const READ = 'contents: read';
const PAGE = 100;

export async function releaseByTag(rest: Rest, tag: string): Promise<Release | undefined> {
  const doing = { doing: `look for a release ${tag}`, permission: READ };
  const answer = await rest.find('GET /repos/{owner}/{repo}/releases/tags/{tag}', { tag }, doing);
  return answer === undefined ? undefined : decodeRelease(object(answer));
}

export async function* publishedReleases(rest: Rest): AsyncGenerator<readonly Release[]> {
  for (let page = 1; ; page += 1) {
    const doing = { doing: 'list the releases', permission: READ };
    const answer = await rest.send('GET /repos/{owner}/{repo}/releases', { per_page: PAGE, page }, doing);
    const releases = list({ releases: answer }, 'releases', decodeRelease);
    yield releases.filter(({ draft }) => !draft);
    if (releases.length < PAGE) return;
  }
}

/**
 * Never "latest", and marked as a pre-release, so that people still find the repository's own releases.
 * GitHub creates the tag when the draft is published.
 */
export async function draftRelease(rest: Rest, tag: string, title: string, text: string): Promise<Release> {
  const answer = await rest.send(
    'POST /repos/{owner}/{repo}/releases',
    { tag_name: tag, name: title, body: text, draft: true, prerelease: true, make_latest: 'false' },
    { doing: `make a release ${tag}`, permission: WRITE },
  );
  return decodeRelease(object(answer));
}

export async function getRelease(rest: Rest, id: number): Promise<Release> {
  return decodeRelease(await readRelease(rest, id));
}

function readRelease(rest: Rest, id: number): Promise<Json> {
  const doing = { doing: `read release ${id}`, permission: WRITE };
  return rest
    .send('GET /repos/{owner}/{repo}/releases/{release_id}', { release_id: id }, doing)
    .then((answer) => object(answer));
}

/** An interrupted upload leaves an asset that occupies the name: removes it, and uploads once more. */
export async function attachAsset(rest: Rest, id: number, name: string, bytes: Uint8Array): Promise<void> {
  const release = await readRelease(rest, id);
  // "https://…/assets{?name,label}"; the host differs on GHE.com and Enterprise Server.
  const [url = ''] = text(release, 'upload_url').split('{');
  const upload = () =>
    rest.send(
      `POST ${url}{?name}`,
      { name, data: Buffer.from(bytes), headers: { 'content-type': 'application/octet-stream' } },
      { doing: `upload ${name} to release ${id}`, permission: WRITE },
    );
  try {
    await upload();
  } catch (error) {
    if (statusOf((error as Error).cause) !== 422) throw error;
    const stale = list(release, 'assets', (asset) => asset).find((asset) => asset['name'] === name);
    if (stale === undefined || stale['state'] === 'uploaded') throw error;
    await rest.send(
      'DELETE /repos/{owner}/{repo}/releases/assets/{asset_id}',
      { asset_id: integer(stale, 'id') },
      { doing: `remove what was left of ${name}`, permission: WRITE },
    );
    await upload();
  }
}

export async function publishRelease(rest: Rest, id: number): Promise<Release> {
  const answer = await rest.send(
    'PATCH /repos/{owner}/{repo}/releases/{release_id}',
    { release_id: id, draft: false, prerelease: true, make_latest: 'false' },
    { doing: `publish release ${id}`, permission: WRITE },
  );
  return decodeRelease(object(answer));
}

/**
 * Succeeds if another run has already removed it.
 *
 * @throws InputError if it still exists: GitHub also answers 404 to a token that may not remove it
 */
export async function removeRelease(rest: Rest, id: number): Promise<void> {
  const doing = { doing: `remove release ${id}`, permission: WRITE };
  try {
    await rest.send('DELETE /repos/{owner}/{repo}/releases/{release_id}', { release_id: id }, doing);
  } catch (error) {
    if (statusOf((error as Error).cause) !== 404) throw error;
    const looking = { doing: `see whether release ${id} is gone`, permission: READ };
    if (
      (await rest.find('GET /repos/{owner}/{repo}/releases/{release_id}', { release_id: id }, looking)) ===
      undefined
    )
      return;
    throw new InputError(
      `cannot remove release ${id}: GitHub said 404, but it is still there`,
      `The token may not remove it. Add to the job: permissions: ${WRITE}`,
      error,
    );
  }
}

function decodeRelease(from: Json): Release {
  return {
    id: integer(from, 'id'),
    tag: text(from, 'tag_name'),
    draft: from['draft'] === true,
    updated: [
      // `created_at` is the time of the commit, not of the release.
      optionalMoment(from, 'published_at') ?? moment(from, 'created_at'),
      ...list(from, 'assets', (asset) => moment(asset, 'updated_at')),
    ].reduce((last, time) => (time > last ? time : last)),
    url: text(from, 'html_url'),
    assets: list(from, 'assets', (asset) => asset)
      .filter((asset) => asset['state'] === 'uploaded')
      .map((asset) => ({
        id: integer(asset, 'id'),
        name: text(asset, 'name'),
        size: integer(asset, 'size'),
        sha256: digestOf(asset),
      })),
  };
}
