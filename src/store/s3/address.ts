import { InputError } from '../../errors.ts';
import { forLog } from '../../text/escape.ts';
import { encoded } from './sign.ts';

/** Where the objects of a place are. */
export interface Address {
  readonly bucket: string;
  /** Before each name; empty, or ends with `/`. */
  readonly prefix: string;
  /** Without a slash at its end; undefined: AWS. */
  readonly endpoint: URL | undefined;
  /** Whether the bucket stands in the path, and not in the host name; undefined: as it is usual there. */
  readonly pathStyle?: boolean | undefined;
}

const BUCKET = /^[\da-zA-Z][\w.-]{2,254}$/;

/**
 * @param prefix segments joined by `/`; may be empty
 * @param endpoint a URL; undefined: AWS
 * @throws InputError for what is none
 */
export function addressOf(bucket: string, prefix: string, endpoint: string | undefined): Address {
  if (!BUCKET.test(bucket))
    throw new InputError(`${forLog(bucket)} is not the name of a bucket`, 'Write s3://BUCKET/PREFIX.');
  const trimmed = prefix.replace(/^\/|\/$/g, '');
  if (trimmed !== '' && !trimmed.split('/').every(isSegment))
    throw new InputError(
      `${forLog(prefix)} cannot stand before the names of objects`,
      'Write s3://BUCKET/PREFIX, without empty parts, `.` and `..`.',
    );
  return {
    bucket,
    prefix: trimmed === '' ? '' : `${trimmed}/`,
    endpoint: endpoint === undefined ? undefined : parsedEndpoint(endpoint),
  };
}

/** A URL would lose `.` and `..`. */
function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && text.length <= 255 && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function parsedEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new InputError(
      `the S3 endpoint is not a URL of a server`,
      'Write https://HOST or https://HOST:PORT.',
    );
  return url;
}

const AWS_HOST = /(^|\.)amazonaws\.com(\.cn)?$/;

export function isAws(host: string): boolean {
  return AWS_HOST.test(host);
}

/** In one label: a bucket may be called "sts", and what anybody runs at AWS has names below amazonaws.com, too. */
const REGION = /^[a-z]{2}(-[a-z]{2,12}){1,2}-\d{1,2}$/;

export function isAwsRegion(region: string): boolean {
  return REGION.test(region);
}

/**
 * Whether AWS's Security Token Service is there: a token for it may go nowhere else.
 * https://docs.aws.amazon.com/general/latest/gr/sts.html
 */
export function isSts(host: string): boolean {
  const [, region] = /^sts(?:-fips)?\.([^.]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  return host === 'sts.amazonaws.com' || (region !== undefined && isAwsRegion(region));
}

/** An endpoint of AWS for a region. */
export function awsHost(service: string, region: string): string {
  return `${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/**
 * The URL of a key, or of the bucket if it is empty. An own endpoint has the bucket in the path, because most have no
 * host name for each; AWS has it in the host name, unless that would not fit its certificate.
 */
export function urlOf({ bucket, endpoint, pathStyle }: Address, region: string, key: string): URL {
  const base = endpoint ?? new URL(`https://${awsHost('s3', region)}`);
  const isUsual = isAws(base.hostname) && /^[\da-z-]+$/.test(bucket);
  const inHost = pathStyle === undefined ? isUsual : !pathStyle;
  const root = base.pathname.replace(/\/$/, '');
  const path = key.split('/').map(encoded).join('/');
  return new URL(
    inHost
      ? `${base.protocol}//${bucket}.${base.host}${root}/${path}`
      : `${base.origin}${root}/${encoded(bucket)}${key === '' ? '' : `/${path}`}`,
  );
}
