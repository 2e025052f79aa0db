import type { Readable } from 'node:stream';
import { byteCount, integer, type Json, list, moment, optionalHex, text } from '../../../decode.ts';
import { decoded, readAnswer } from '../../answers.ts';
import { discard } from '../../body.ts';
import type { ServiceClient } from '../../connection.ts';
import { CloudError, orGone } from '../../errors.ts';
import type { HttpResponse } from '../../http.ts';
import { containerUrl } from './containers.ts';

// https://docs.openstack.org/api-ref/object-store/#objects

export interface StoredObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch, by the service's clock. */
  readonly modified: number;
  /** Lower-case hex; undefined for an object in segments. */
  readonly md5: string | undefined;
}

/** The names of a container in pages; the last page is empty. A page of 10,000 names is shorter. */
const LONGEST_PAGE = 64 * 1024 * 1024;

const objectUrl = (container: string, name: string) =>
  `${containerUrl(container)}/${name.split('/').map(encodeURIComponent).join('/')}`;

/**
 * The next objects of a container, in the order of their names, which is that of their UTF-8 bytes. Only an empty page
 * is the last one: how many a page has is up to the service.
 *
 * @param after the last name before them
 * @throws CloudError 404 when there is no such container
 */
export async function listObjects(
  client: ServiceClient,
  container: string,
  prefix: string,
  after: string | undefined,
): Promise<StoredObject[]> {
  const doing = `list container ${container}`;
  const bytes = await client.bytes(
    {
      doing,
      method: 'GET',
      path: containerUrl(container),
      query: { format: 'json', prefix: prefix === '' ? undefined : prefix, marker: after },
      // Ceph answers 204 for nothing at all in some releases.
      ok: [200, 204],
    },
    LONGEST_PAGE,
  );
  // An object that cannot be read must not be missing: what a list lacks counts as gone.
  return decoded(
    doing,
    async () => bytes.toString() || '[]',
    (items) => list({ items }, 'items', decodeListed),
  );
}

function decodeListed(item: Json): StoredObject {
  return {
    name: text(item, 'name'),
    size: integer(item, 'bytes'),
    modified: Date.parse(moment(item, 'last_modified')),
    md5: optionalHex(item, 'hash'),
  };
}

/** @returns undefined if it is not there, or its container is not */
export async function headObject(
  client: ServiceClient,
  container: string,
  name: string,
): Promise<StoredObject | undefined> {
  const doing = `look at object ${name} in container ${container}`;
  const answer = await orGone(
    client.open({ doing, method: 'HEAD', path: objectUrl(container, name), ok: [200, 204] }),
  );
  if (answer === undefined) return undefined;
  await over(answer);
  const modified = Date.parse(answer.headers['last-modified'] ?? '');
  return { name, size: lengthOf(doing, answer), modified: modified || 0, md5: md5Of(answer) };
}

/**
 * Stores an object in one request. The service compares the bytes with the MD5, and keeps nothing if they differ.
 *
 * @param md5 lower-case hex
 * @returns false if the service says that the name exists; Ceph does not look, and overwrites it
 * @throws CloudError 404 without the container, 413 and 507 for a quota, 422 for bytes that arrived altered
 */
export async function putObject(
  client: ServiceClient,
  container: string,
  name: string,
  bytes: Uint8Array,
  md5: string,
): Promise<boolean> {
  const doing = `write object ${name} into container ${container}`;
  const answer = await client.open({
    doing,
    method: 'PUT',
    path: objectUrl(container, name),
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      etag: md5,
      'if-none-match': '*',
    },
    body: bytes,
    timeouts: { header: ANSWER_MS },
    ok: [201, 202, 412],
  });
  await over(answer);
  if (answer.status === 412) return false;
  const stored = md5Of(answer);
  if (stored !== undefined && stored !== md5)
    throw new CloudError({
      doing,
      status: answer.status,
      words: `MD5 ${stored} was stored, and ${md5} sent`,
    });
  return true;
}

/** The service answers once all copies are stored. */
const ANSWER_MS = 5 * 60_000;
/** A slow disk may be silent for long. */
const SILENCE_MS = 2 * 60_000;

/**
 * The bytes of an object, whose body the caller must read to its end or destroy. It may break off.
 *
 * @param range bytes; `end` is exclusive
 * @returns how many bytes come; undefined if it is not there, or its container is not
 * @throws CloudError 416 if the object ends before the range begins
 */
export async function openObject(
  client: ServiceClient,
  container: string,
  name: string,
  range?: { readonly start: number; readonly end?: number | undefined },
): Promise<{ readonly size: number; readonly body: Readable } | undefined> {
  const doing = `read object ${name} in container ${container}`;
  const answer = await orGone(
    client.open({
      doing,
      method: 'GET',
      path: objectUrl(container, name),
      headers: {
        accept: '*/*',
        ...(range === undefined
          ? {}
          : { range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` }),
      },
      timeouts: { header: SILENCE_MS, body: SILENCE_MS },
      ok: range === undefined ? [200] : [206],
    }),
  );
  if (answer === undefined) return undefined;
  const from = /^bytes (\d{1,16})-/.exec(answer.headers['content-range'] ?? '')?.[1];
  if (range !== undefined && Number(from) !== range.start) {
    discard(answer.body);
    throw new CloudError({ doing, status: answer.status, words: 'it sends other bytes than were asked for' });
  }
  return { size: lengthOf(doing, answer), body: answer.body };
}

/** An object that is not there counts as deleted; so does one whose container is not. */
export async function deleteObject(client: ServiceClient, container: string, name: string): Promise<void> {
  const answer = await client.open({
    doing: `delete object ${name} in container ${container}`,
    method: 'DELETE',
    path: objectUrl(container, name),
    ok: [200, 204, 404],
  });
  await over(answer);
}

/** What an answer says besides its headers does not matter, nor whether it is cut short. */
async function over(answer: HttpResponse): Promise<void> {
  await readAnswer(answer).catch(() => '');
}

function lengthOf(doing: string, { status, headers, body }: HttpResponse): number {
  const length = byteCount(headers['content-length']);
  if (length !== undefined) return length;
  discard(body);
  throw new CloudError({ doing, status, words: 'the answer does not say how long it is' });
}

/** Quoted for objects in segments, and then no MD5. */
function md5Of({ headers }: HttpResponse): string | undefined {
  return /^[0-9a-f]{32}$/.exec(headers['etag'] ?? '')?.[0];
}
