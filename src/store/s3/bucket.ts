import { Readable } from 'node:stream';
import { byteCount } from '../../decode.ts';
import { InputError, OperationError } from '../../errors.ts';
import { discard } from '../../openstack/body.ts';
import { CloudError, hasStatus, orGone } from '../../openstack/errors.ts';
import type { HttpResponse } from '../../openstack/http.ts';
import { stuck } from '../../openstack/pages.ts';
import type { Bucket, ObjectPage, Opened } from '../objects.ts';
import type { ByteRange, Listed } from '../place.ts';
import { placeName } from '../place-name.ts';
import { within } from '../range.ts';
import { addressOf } from './address.ts';
import { S3Client, type S3Dependencies, textOf } from './client.ts';
import { elements, field } from './xml.ts';

export interface S3Options extends S3Dependencies {
  readonly bucket: string;
  /** Stands before all names; may be empty. */
  readonly prefix: string;
  /** URL of a server that speaks S3; undefined: AWS. */
  readonly endpoint?: string | undefined;
  /** Undefined: `us-east-1`, until the server names another. */
  readonly region?: string | undefined;
  /** Whether the bucket stands in the path; undefined: as it is usual there. */
  readonly pathStyle?: boolean | undefined;
}

/** The server stores all of it before it answers. */
const PUT_TIMEOUTS = { header: 5 * 60_000 };
/** A store may stay silent for long while it fetches the data. */
const GET_TIMEOUTS = { header: 2 * 60_000, body: 2 * 60_000 };

/**
 * A bucket that speaks S3: PUT, GET, HEAD, LIST and DELETE, each with the real SHA-256 of what it sends. No multipart
 * upload and no chunked signatures: some servers that call themselves compatible lack them.
 *
 * @throws InputError for what is no bucket, prefix or endpoint
 */
export function s3Bucket({
  bucket,
  prefix,
  endpoint,
  region,
  pathStyle,
  ...dependencies
}: S3Options): Bucket {
  const address = { ...addressOf(bucket, prefix, endpoint), pathStyle };
  const client = new S3Client(address, region ?? 'us-east-1', dependencies);
  const place = placeName('s3', bucket, address.prefix.slice(0, -1));
  const keyOf = (name: string) => address.prefix + name;

  const head = (name: string): Promise<Listed | undefined> => {
    const doing = `look for ${name} in ${place}`;
    const use = async ({ headers, body }: HttpResponse) => {
      body.resume();
      return listed(doing, name, headers['content-length'], headers['last-modified']);
    };
    return orGone(client.call({ doing, method: 'HEAD', key: keyOf(name), ok: [200] }, use));
  };

  return {
    name: place,
    head,
    async put(name, bytes, { md5, sha256 }) {
      const doing = `put ${name} into ${place}`;
      const headers = { 'content-type': 'application/octet-stream', 'if-none-match': '*' };
      const body = { bytes, sha256, md5 };
      return client.call(
        { doing, method: 'PUT', key: keyOf(name), headers, body, ok: [200, 412], timeouts: PUT_TIMEOUTS },
        async (answer) => {
          if (answer.status === 412) discard(answer.body);
          else await textOf(doing, answer);
          return answer.status === 200;
        },
      );
    },
    async open(name, range) {
      if (range !== undefined && range.start === range.end) return emptyPart(name, range);
      const doing = `read ${name} from ${place}`;
      const last = range?.end === undefined ? '' : range.end - 1;
      const headers = range === undefined ? {} : { range: `bytes=${range.start}-${last}` };
      const asked = client.call(
        { doing, method: 'GET', key: keyOf(name), headers, ok: [200, 206], timeouts: GET_TIMEOUTS },
        async (answer) => answer,
      );
      try {
        const answer = await orGone(asked);
        return answer && opened(`${name} in ${place}`, answer, range);
      } catch (error) {
        // It begins at the end, or beyond it.
        if (range !== undefined && hasStatus(error, 416)) return emptyPart(name, range);
        throw error;
      }
    },
    async page(beginning, after): Promise<ObjectPage> {
      const doing = `list ${place}`;
      const query = {
        'list-type': '2',
        'encoding-type': 'url',
        'max-keys': '1000',
        prefix: keyOf(beginning),
        'continuation-token': after,
      };
      try {
        return await client.call({ doing, method: 'GET', key: '', query, ok: [200] }, async (answer) =>
          pageOf(doing, await textOf(doing, answer), address.prefix),
        );
      } catch (error) {
        if (!hasStatus(error, 301, 307, 400, 401, 403, 404)) throw error;
        throw new InputError(error.message, error.hint, error);
      }
    },
    async remove(name) {
      const doing = `remove ${name} from ${place}`;
      const call = { doing, method: 'DELETE', key: keyOf(name), ok: [200, 204], cleansUp: true } as const;
      await orGone(client.call(call, async ({ body }) => discard(body)));
    },
  };

  async function emptyPart(name: string, range: ByteRange): Promise<Opened | undefined> {
    const found = await head(name);
    if (found === undefined) return undefined;
    const { start, end } = within(found.size, range, `${name} in ${place}`);
    if (start !== end) throw noRanges(`${name} in ${place}`);
    return { size: 0, body: Readable.from([]) };
  }
}

function opened(what: string, { status, headers, body }: HttpResponse, range: ByteRange | undefined): Opened {
  try {
    if (status === 200) {
      const size = byteCount(headers['content-length']);
      // Without a length nobody could tell whether all came.
      if (size === undefined) throw unlike(`read ${what}`, 'it has no Content-Length');
      const { start, end } = within(size, range, what);
      if (start !== 0 || end !== size) throw noRanges(what);
      return { size, body };
    }
    const said = headers['content-range'] ?? '';
    const [, first, last, size] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(said) ?? [];
    const total = byteCount(size);
    if (total === undefined) throw noRanges(what);
    const { start, end } = within(total, range, what);
    if (Number(first) !== start || Number(last) !== end - 1) throw noRanges(what);
    return { size: end - start, body };
  } catch (error) {
    discard(body);
    throw error;
  }
}

function noRanges(what: string): OperationError {
  return new OperationError(
    `cannot read a part of ${what}: the store sends another one`,
    'A proxy in between may change requests; otherwise the store does not know Range: use another one.',
  );
}

function pageOf(doing: string, xml: string, prefix: string): ObjectPage {
  if (!xml.includes('<ListBucketResult')) throw unlike(doing, 'it is no list');
  const isEncoded = field(xml, 'EncodingType') === 'url';
  const items = elements(xml, 'Contents').flatMap((one) => {
    const key = keyIn(doing, field(one, 'Key') ?? '', isEncoded);
    return key.startsWith(prefix) ? [itemOf(doing, key.slice(prefix.length), one)] : [];
  });
  const isCut = field(xml, 'IsTruncated') === 'true';
  const next = field(xml, 'NextContinuationToken');
  if (isCut && (next === undefined || next === '')) throw stuck(`objects (${doing})`);
  return { items, next: isCut ? next : undefined };
}

function keyIn(doing: string, text: string, isEncoded: boolean): string {
  if (!isEncoded) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw unlike(doing, 'a key is not encoded as it says');
  }
}

function itemOf(doing: string, name: string, xml: string): Listed {
  // Of an object in parts, or encrypted with a key of KMS, it is no MD5.
  const md5 = /^"?([0-9a-f]{32})"?$/.exec(field(xml, 'ETag') ?? '')?.[1];
  return { ...listed(doing, name, field(xml, 'Size'), field(xml, 'LastModified')), md5 };
}

function listed(doing: string, name: string, size: string | undefined, modified: string | undefined): Listed {
  const at = Date.parse(modified ?? '');
  const count = byteCount(size);
  if (count === undefined || Number.isNaN(at)) throw unlike(doing, `${name} lacks size or time`);
  return { name, size: count, modified: at };
}

function unlike(doing: string, why: string): CloudError {
  return new CloudError({
    doing,
    status: 200,
    words: `the answer is not what S3 describes (${why})`,
    hint: 'Is there a proxy or portal in between? `s3-endpoint` may be wrong.',
  });
}
