import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { quoted } from '../../text/escape.ts';
import type { CloudConfig } from './cloud.ts';
import type { Variables } from './files.ts';
import { type Settings, textOf } from './settings.ts';

export type Tls = Pick<CloudConfig, 'verify' | 'verifyIsAsked' | 'cacert' | 'cert' | 'key'>;

/**
 * Whether certificates are checked, and by which authorities. `verify` may also be the path of a file of authorities,
 * which `cacert` beats: openstacksdk's `get_requests_verify_args`. A word that is neither on nor off must not mean off.
 *
 * @throws InputError for a word that `insecure` does not know, or where the two contradict each other
 */
export function tlsOf(name: string, settings: Settings): Tls {
  const given = worded(name, 'verify', settings['verify']);
  const asked = given === undefined ? undefined : (WORDS[given.toLowerCase()] ?? true);
  const insecure = worded(name, 'insecure', settings['insecure']);
  const isInsecure = insecure === undefined ? undefined : WORDS[insecure.toLowerCase()];
  // In text, openstacksdk knows only "true": with "yes" or "1" it goes on checking.
  if (
    insecure !== undefined &&
    (isInsecure === undefined || (isInsecure && insecure.toLowerCase() !== 'true'))
  )
    throw new InputError(
      `cloud "${name}": \`insecure\` is neither true nor false`,
      'Write true or false; if you leave it out, certificates are checked.',
    );
  if (asked === true && isInsecure === true)
    throw new InputError(
      `cloud "${name}": \`verify\` and \`insecure\` contradict each other`,
      'Leave one of them out; if you leave out both, certificates are checked.',
    );
  const authorities = given !== undefined && WORDS[given.toLowerCase()] === undefined ? given : undefined;
  return {
    verify: asked ?? !(isInsecure ?? false),
    verifyIsAsked: asked ?? isInsecure === false,
    cacert: textOf(name, 'cacert', settings['cacert']) ?? authorities,
    cert: textOf(name, 'cert', settings['cert']),
    key: textOf(name, 'key', settings['key']),
  };
}

function worded(name: string, key: string, value: unknown): string | undefined {
  return typeof value === 'boolean' ? String(value) : textOf(name, key, value);
}

const WORDS: Readonly<Record<string, boolean | undefined>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(['true', 'yes', 'on', 'y', '1'].map((word) => [word, true])),
  ...Object.fromEntries(['false', 'no', 'off', 'n', '0'].map((word) => [word, false])),
});

/**
 * Reads the files at the paths as PEM text, but no authorities if no certificate is checked. Without a path for them,
 * takes those that Python's `requests` finds in the environment.
 *
 * @throws InputError for a file that cannot be read
 */
export async function readTls(tls: Tls, environment: Variables, directory: string): Promise<Tls> {
  const path = (value: string) => resolve(directory, expanded(value, environment));
  const cacert =
    tls.cacert ?? (environment['REQUESTS_CA_BUNDLE'] || environment['CURL_CA_BUNDLE'] || undefined);
  const cert = tls.cert === undefined ? undefined : await pem(tls.cert, 'cert', path);
  return {
    ...tls,
    cacert: tls.verify && cacert !== undefined ? await authorities(cacert, path, tls) : undefined,
    cert,
    // One file may hold both.
    key:
      tls.key === undefined
        ? cert?.includes('PRIVATE KEY-----') === true
          ? cert
          : undefined
        : await pem(tls.key, 'key', path),
  };
}

function expanded(path: string, environment: Variables): string {
  return path === '~' || path.startsWith('~/') ? join(environment['HOME'] || homedir(), path.slice(1)) : path;
}

async function authorities(value: string, path: (value: string) => string, tls: Tls): Promise<string> {
  if (isPem(value)) return value;
  try {
    return await readFile(path(value), 'utf8');
  } catch (error) {
    const named =
      tls.cacert === undefined ? 'REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names' : '`cacert` or `verify` names';
    throw new InputError(
      `cannot read the certificate authorities that ${named}: ${quoted(value)}: ${codeOf(error)}`,
      'Give the path of a PEM file; `verify` takes true or false too.',
      error,
    );
  }
}

/** PEM text, or that of the file at a path. An unreadable path may be a key without its header: never show it. */
async function pem(value: string, what: 'cert' | 'key', path: (value: string) => string): Promise<string> {
  if (isPem(value)) return value;
  try {
    return await readFile(path(value), 'utf8');
  } catch (error) {
    throw new InputError(
      `cannot read the file that \`${what}\` names: ${codeOf(error)}`,
      'Give the path of a PEM file, or PEM text with its line -----BEGIN.',
    );
  }
}

function isPem(value: string): boolean {
  return value.includes('-----BEGIN ');
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
