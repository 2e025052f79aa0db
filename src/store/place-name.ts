import { InputError } from '../errors.ts';
import { quoted, withoutTrailing } from '../text/escape.ts';

/** A place for manifests as an input names it. */
export type PlaceName =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'artifact' }
  | { readonly kind: 'release' }
  /** @see OpenStore: undefined is the one of the input `store` */
  | { readonly kind: 'store'; readonly name: string | undefined };

/** A place for payloads as the input `store` names it. */
export type StoreName =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes around it; may be empty. */
      readonly prefix: string;
      /** With http or https; undefined: AWS. */
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
      /** Undefined: for an endpoint of one's own. */
      readonly pathStyle: boolean | undefined;
    }
  | { readonly kind: 'swift'; readonly container: string; readonly prefix: string };

const DIRECTORY = 'directory:';

/** @returns undefined if it names no place; each input decides which places it takes */
export function parsePlace(text: string): PlaceName | undefined {
  if (text === 'artifact' || text === 'release') return { kind: text };
  if (text === 'store') return { kind: 'store', name: undefined };
  if (/^(?:s3|swift):\/\/./.test(text)) return { kind: 'store', name: text };
  if (!text.startsWith(DIRECTORY) || text === DIRECTORY) return undefined;
  return { kind: 'directory', path: text.slice(DIRECTORY.length) };
}

/**
 * @param input that gives it, for errors
 * @throws InputError if it names no place for payloads
 */
export function parseStore(text: string, input = 'store'): StoreName {
  const place = parsePlace(text);
  if (place?.kind === 'directory') return place;
  const [, kind, rest = ''] = /^(s3|swift):\/\/(.*)$/s.exec(text) ?? [];
  if (kind === undefined) throw unsupported(text, input);
  // Before anything of it is shown.
  if (AT_SIGN.test(rest))
    throw new InputError(
      `the ${kind}:// of \`${input}\` has a user or a key in it`,
      'Take it out: names are shown in logs and manifests. Give keys as `s3-access-key` and `s3-secret-key`, and a cloud as `store-cloud`.',
    );
  const [path = '', ...more] = rest.split('?');
  const what = `${input} ${shownPlace(text)}`;
  const [bucket = '', ...segments] = withoutTrailing('/', path).split('/');
  const own = kind === 's3' ? 'bucket' : 'container';
  const form = `Write ${kind}://${own.toUpperCase()} or ${kind}://${own.toUpperCase()}/PREFIX`;
  if (!NAME.test(bucket))
    throw new InputError(
      bucket === '' ? `${what}: no ${own} is named` : `${what}: ${shownPlace(bucket)} is no ${own}`,
      `${form}. Its name has letters, digits, dots, hyphens and underscores.`,
    );
  for (const segment of segments)
    if (!NAME.test(segment))
      throw new InputError(
        `${what}: ${shownPlace(segment)} cannot be a part of the prefix`,
        `${form}. Each part between slashes begins with a letter or digit, and has these, dots, hyphens and underscores.`,
      );
  const prefix = segments.join('/');
  if (kind === 's3') return { kind, bucket, prefix, ...queryOf(what, more.join('?')) };
  if (more.length > 0)
    throw new InputError(`${what}: a container takes nothing after a question mark`, `${form}.`);
  return { kind: 'swift', container: bucket, prefix };
}

/** What needs no escaping anywhere, and changes no path. */
const NAME = /^[0-9A-Za-z][0-9A-Za-z._-]{0,254}$/;

/** Behind it is a host, before it perhaps a key. */
const AT_SIGN = /@|%40/i;

/** A name that is wrong, without the parts in which a key may be: before an at sign, and behind a question mark. */
export function shownPlace(text: string): string {
  return quoted(text.replace(/(?<=[?#]).*$/s, '').replace(/^.*(@|%40)/is, '…@'));
}

function unsupported(text: string, input: string): InputError {
  const meant = /^\s*(s3|swift)\s*:\/*(?!https?:)([^/].*)$/i.exec(text);
  const hint =
    meant === null
      ? 'Write directory:PATH, s3://BUCKET/PREFIX or swift://CONTAINER/PREFIX.'
      : `Write ${meant[1]?.toLowerCase()}://${meant[1]?.toLowerCase() === 's3' ? 'BUCKET' : 'CONTAINER'}/PREFIX.`;
  return new InputError(`unsupported ${input} ${shownPlace(text)}`, hint);
}

function queryOf(what: string, query: string) {
  const given = new URLSearchParams(query);
  for (const name of new Set(given.keys()))
    if (!['endpoint', 'region', 'path-style'].includes(name) || given.getAll(name).length > 1)
      throw new InputError(
        // Without a value it may be a key itself.
        `${what}: ${/^=*$/.test(given.get(name) ?? '') ? 'something' : quoted(name)} is unknown after the question mark, or given twice`,
        'Write endpoint=URL, region=NAME or path-style=true, joined by `&`.',
      );
  const style = given.get('path-style') ?? undefined;
  if (style !== undefined && style !== 'true' && style !== 'false')
    throw new InputError(`${what}: path-style is neither true nor false`, 'Write path-style=true.');
  return {
    endpoint: checkedEndpoint(given.get('endpoint') || undefined),
    region: checkedRegion(given.get('region') || undefined),
    pathStyle: style === undefined ? undefined : style === 'true',
  };
}

/**
 * The URL of an S3 service, or of one beside it, without a slash at its end.
 *
 * @param what it is and who says so, for errors
 * @param like an example
 * @throws InputError if it is none
 */
export function checkedEndpoint(
  text: string | undefined,
  what = 'the endpoint of S3',
  like = 'https://s3.example.com, without the bucket',
): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  // Before anything of it is shown.
  if (AT_SIGN.test(text))
    throw new InputError(
      `${what} has a user or password in it`,
      'Take it out. Give keys as `s3-access-key` and `s3-secret-key`.',
    );
  if (url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === '')
    return withoutTrailing('/', url.href);
  throw new InputError(`${what} is ${shownPlace(text)}`, `Write it like ${like}.`);
}

/**
 * A region as it goes into host names.
 *
 * @throws InputError if it is none
 */
export function checkedRegion(text: string | undefined): string | undefined {
  if (text === undefined || isRegion(text)) return text;
  throw new InputError(
    `the region of S3 is ${quoted(text)}`,
    'Write it like eu-central-1; give it with `s3-region`, or with AWS_REGION.',
  );
}

export function isRegion(text: string): boolean {
  return /^[0-9a-z-]{1,64}$/i.test(text);
}

/** Whether others can read what is sent to a URL: it goes to another machine without TLS. */
export function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The name of a place in a bucket or container. @see Place.name */
export function placeName(kind: 's3' | 'swift', root: string, prefix: string): string {
  return `${kind}://${root}${prefix === '' ? '' : `/${prefix}`}`;
}

/** @param name of a `Place` */
export function isDirectory(name: string): boolean {
  return !name.includes('://');
}

export function isOnGitHub(place: PlaceName): place is { readonly kind: 'artifact' | 'release' } & PlaceName {
  return place.kind === 'artifact' || place.kind === 'release';
}
