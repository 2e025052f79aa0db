import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError, messageOf } from '../../errors.ts';
import type { Credentials } from './sign.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Profile {
  readonly credentials: Credentials;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

/** Ways to get keys that need a browser, a program or another request. */
const ELSEWHERE = [
  'sso_session',
  'sso_start_url',
  'role_arn',
  'credential_process',
  'web_identity_token_file',
];

/**
 * The profile that AWS_PROFILE names, or `default`, of the files of the AWS command line.
 *
 * @returns undefined if there is no profile, and none is named
 * @throws InputError if the named one is not there, or has no keys
 */
export async function readProfile(environment: Variables): Promise<Profile | undefined> {
  const named = environment['AWS_PROFILE'] || environment['AWS_DEFAULT_PROFILE'];
  const name = named || 'default';
  const keys = pathOf(environment, 'AWS_SHARED_CREDENTIALS_FILE', 'credentials');
  const config = pathOf(environment, 'AWS_CONFIG_FILE', 'config');
  const settings = new Map([
    ...((await sectionsOf(config)).get(name === 'default' ? name : `profile ${name}`) ?? []),
    ...((await sectionsOf(keys)).get(name) ?? []),
  ]);
  const [accessKeyId, secretAccessKey] = ['aws_access_key_id', 'aws_secret_access_key'].map((key) =>
    settings.get(key),
  );
  if (accessKeyId && secretAccessKey)
    return {
      credentials: {
        accessKeyId,
        secretAccessKey,
        sessionToken: settings.get('aws_session_token') || undefined,
      },
      region: settings.get('region') || undefined,
      endpoint: settings.get('endpoint_url') || undefined,
    };
  const elsewhere = ELSEWHERE.find((key) => settings.has(key));
  if (named === undefined && elsewhere === undefined) return undefined;
  throw new InputError(
    settings.size === 0
      ? `there is no profile "${name}" in ${keys} and ${config}`
      : `profile "${name}" has no keys of its own${elsewhere === undefined ? '' : `, but \`${elsewhere}\``}`,
    'Set its keys as variables: eval "$(aws configure export-credentials --format env)".',
  );
}

function pathOf(environment: Variables, variable: string, file: string): string {
  const home = environment['HOME'] || homedir();
  const named = environment[variable];
  return named ? named.replace(/^~(?=\/)/, () => home) : join(home, '.aws', file);
}

/** Indented lines belong to a nested setting, of which none is needed. */
async function sectionsOf(path: string): Promise<Map<string, Map<string, string>>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of (await textAt(path)).split(/\r?\n/)) {
    const title = /^\[([^\]]*)\]/.exec(line)?.[1];
    if (title !== undefined) {
      const name = title.trim().replace(/\s+/g, ' ').replaceAll('"', '');
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
    } else if (/^[^\s#;]/.test(line) && line.includes('=')) {
      const at = line.indexOf('=');
      section.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
    }
  }
  return sections;
}

async function textAt(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return '';
    throw new InputError(
      `cannot read ${path}: ${messageOf(error)}`,
      'Make it readable for this user.',
      error,
    );
  }
}
