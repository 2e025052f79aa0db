import { readFile } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { quoted } from '../../text/escape.ts';
import type { CloudConfig } from './cloud.ts';
import { parseClouds, readCloudsFiles, type Variables } from './files.ts';
import { parseCloud, type Settings } from './parse.ts';

export interface CloudChoice {
  /** The entry in clouds.yaml. */
  readonly cloud?: string | undefined;
  /** The text of a clouds.yaml, instead of the files. */
  readonly cloudsYaml?: string | undefined;
  readonly region?: string | undefined;
}

/** These alone do not make a cloud of the environment (openstacksdk config/loader.py `_get_envvar` and its filters). */
const NOT_A_CLOUD = new Set([
  'OS_CLOUD',
  'OS_REGION_NAME',
  'OS_CLIENT_CONFIG_FILE',
  'OS_CLIENT_SECURE_FILE',
  'OS_CLOUD_NAME',
]);

/**
 * The cloud to work on, chosen as openstacksdk does: a name that is given, then `OS_CLOUD`, then the `OS_*` variables
 * as a cloud of their own, then the only entry of the file. The variables are never mixed into a named entry.
 * Certificates named by path are read.
 *
 * @throws InputError when there is none, or it cannot be told which
 */
export async function loadCloud(
  choice: CloudChoice,
  environment: Variables,
  directory: string,
): Promise<CloudConfig> {
  const { name, settings } = await chooseCloud(choice, environment, directory);
  const region = choice.region ?? environment['OS_REGION_NAME'];
  const config = parseCloud(name, region === undefined ? settings : { ...settings, region_name: region });
  return {
    ...config,
    cacert: await authorities(config.cacert),
    cert: await pem(config.cert, 'cert'),
    key: await pem(config.key, 'key'),
  };
}

async function chooseCloud(choice: CloudChoice, environment: Variables, directory: string) {
  const named = choice.cloud ?? environment['OS_CLOUD'];
  if (choice.cloudsYaml === undefined && named === undefined) {
    const settings = environmentSettings(environment);
    if (settings !== undefined) return { name: 'envvars', settings };
  }
  const file =
    choice.cloudsYaml === undefined
      ? await readCloudsFiles(environment, directory)
      : {
          path: 'the input clouds-yaml',
          clouds: await parseClouds(choice.cloudsYaml, 'the input clouds-yaml'),
        };
  if (file === undefined)
    throw new InputError(
      named === undefined
        ? 'there are no credentials for a cloud'
        : `there is no clouds.yaml to find cloud "${named}" in`,
      'Put a clouds.yaml into this directory or ~/.config/openstack, or set the OS_* variables of an openrc.',
    );
  return pickEntry(file.clouds, named, file.path);
}

function pickEntry(clouds: Readonly<Record<string, Settings>>, named: string | undefined, path: string) {
  const names = Object.keys(clouds);
  const name = named ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined)
    throw new InputError(
      `${path} has ${names.length} clouds and none is chosen`,
      `Choose with \`cloud\` or OS_CLOUD: ${names.join(', ')}.`,
    );
  const settings = Object.hasOwn(clouds, name) ? clouds[name] : undefined;
  if (settings === undefined)
    throw new InputError(
      `${path} has no cloud "${name}"`,
      names.length === 0 ? undefined : `It has: ${names.join(', ')}.`,
    );
  if (settings['profile'] !== undefined || settings['cloud'] !== undefined)
    throw new InputError(
      `cloud "${name}" builds on a vendor profile, which is not supported`,
      'Write its auth_url and region into the entry.',
    );
  return { name, settings };
}

function environmentSettings(environment: Variables): Settings | undefined {
  const own = Object.entries(environment).filter(
    ([key, value]) =>
      key.startsWith('OS_') &&
      value !== undefined &&
      value !== '' &&
      !NOT_A_CLOUD.has(key) &&
      !/^OS_(TEST|STD|LOG)/.test(key),
  );
  if (!own.some(([key]) => key === 'OS_AUTH_URL')) return undefined;
  return Object.fromEntries(own.map(([key, value]) => [key.slice(3).toLowerCase(), value]));
}

async function authorities(value: string | undefined): Promise<string | undefined> {
  if (value === undefined || isPem(value)) return value;
  try {
    return await readFile(value, 'utf8');
  } catch (error) {
    throw new InputError(
      `cannot read the authorities that \`cacert\` or \`verify\` names: ${quoted(value)}: ${codeOf(error)}`,
      'Give the path of a PEM file; `verify` takes true or false too.',
      error,
    );
  }
}

/** PEM text as it is, else the path of a file. What cannot be read may be a key without its header: never shown. */
async function pem(value: string | undefined, what: 'cert' | 'key'): Promise<string | undefined> {
  if (value === undefined || isPem(value)) return value;
  try {
    return await readFile(value, 'utf8');
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
