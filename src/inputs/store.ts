import { InputError } from '../errors.ts';
import type { Inputs, Values } from './table.ts';

/** How a store is reached, wherever it is named. */
export const storeAccessInputs = {
  's3-endpoint': {
    kind: 'text',
    placeholder: 'URL',
    description:
      'The S3 service of an `s3://` store, such as https://s3.example.com; or as a part of its name, `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`. Default: AWS.',
  },
  's3-region': {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The region of the bucket. Default: AWS_REGION, or the one of the AWS profile.',
  },
  's3-access-key': {
    kind: 'text',
    secret: true,
    description:
      'The id of the access key. Default: the AWS_* variables, or the AWS profile. Needs `s3-secret-key`.',
  },
  's3-secret-key': { kind: 'text', secret: true, description: 'The secret of the access key.' },
  'store-role': {
    kind: 'text',
    placeholder: 'ARN',
    description:
      'In a workflow: the AWS role for an `s3://` store, taken with the identity token of the job, which needs the permission `id-token: write`. No key is stored.',
  },
  'store-cloud': {
    kind: 'text',
    placeholder: 'NAME',
    description:
      'The entry of clouds.yaml whose project has the container of a `swift://` store. Default: the same cloud.',
  },
  'store-key': {
    kind: 'text',
    secret: true,
    description:
      'The HMAC key of the store, 32 bytes as 64 hex digits or base64: sealed data is then saved as increments. Restores never need it.',
  },
  bandwidth: {
    kind: 'text',
    placeholder: 'RATE',
    description: 'The most bytes per second to and from the store, such as 50MiB. Default: no limit.',
  },
} as const satisfies Inputs;

export type StoreAccess = Values<typeof storeAccessInputs>;

/** Only these of the inputs of a command, some of which it may lack. */
export function accessOf(given: Partial<StoreAccess>): StoreAccess {
  const names = Object.keys(storeAccessInputs) as (keyof StoreAccess)[];
  return Object.fromEntries(names.map((name) => [name, given[name]])) as StoreAccess;
}

/** The forms of `store`, for descriptions. */
export const STORES = '`directory:PATH`, `s3://BUCKET/PREFIX` or `swift://CONTAINER/PREFIX`';

/** Where payloads are, for saving and restoring alike. */
export const storeInputs = {
  store: {
    kind: 'text',
    placeholder: 'PLACE',
    description: `The place for data outside the cloud: ${STORES}. Default in a terminal: \`directory:openstack-backups/payloads\`.`,
  },
  ...storeAccessInputs,
} as const satisfies Inputs;

export const packInputs = {
  ...storeInputs,
  compression: {
    kind: 'choice',
    choices: ['zstd', 'none'],
    default: 'zstd',
    description: 'How to compress data that leaves the cloud.',
  },
  refresh: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 1000,
    description:
      'In how many runs to send all of a disk again, changed or not: no restore point then needs blocks older than that. 0: never.',
  },
} as const satisfies Inputs;

/** For what is saved as an image of the cloud. */
export const rawInputs = {
  raw: {
    kind: 'boolean',
    default: 'false',
    description:
      'Store the raw disk that an image of another format (such as qcow2) holds, so that increments send only what changed: the cloud converts it, into a temporary volume. Restores make a raw image.',
  },
} as const satisfies Inputs;

const UNITS: Readonly<Record<string, number>> = { kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/**
 * A rate as people write it.
 *
 * @returns bytes per second
 * @throws InputError if it is none, or below 1 KiB
 */
export function parseBandwidth(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?(kib|mib|gib)(?:\/s)?$/i.exec(text.trim()) ?? [];
  const rate = Number(count) * (UNITS[unit.toLowerCase()] ?? 0);
  if (rate >= 1024) return Math.round(rate);
  throw new InputError(
    `\`bandwidth\` is "${text}"`,
    'Write bytes per second like 500KiB, 50MiB or 1GiB, at least 1KiB.',
  );
}

const KEY_BYTES = 32;

/**
 * The key of the store.
 *
 * @throws InputError that never shows what was given
 */
export function parseStoreKey(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const given = text.trim();
  const key = Buffer.from(given, /^[0-9a-f]{64}$/i.test(given) ? 'hex' : 'base64');
  // Node skips what is no base64.
  if (key.length === KEY_BYTES && [key.toString('hex'), key.toString('base64')].includes(asWritten(given)))
    return key;
  throw new InputError(
    '`store-key` is not a key of 32 bytes',
    'Give 32 bytes as 64 hex digits or as base64; openssl rand -hex 32 makes one.',
  );
}

function asWritten(text: string): string {
  return text.length === 2 * KEY_BYTES ? text.toLowerCase() : text;
}
